#!/usr/bin/env bats
# sampan-image: image archives into layer directories, honest ones whole and hostile ones not beyond their own directory.

load helpers

setup() {
    layers=$BATS_TEST_TMPDIR/layers
    archive=$BATS_TEST_TMPDIR/image.tar
    mkdir -p "$layers" "$BATS_TEST_TMPDIR/canary"
    echo untouched >"$BATS_TEST_TMPDIR/canary/file"
    canary=$(canary_now)
}

teardown() {
    [ "$(canary_now)" = "$canary" ] || fail_with "something outside the layers directory changed: $(canary_now)"
    [ -z "$(ls -A "$layers/.tmp")" ] || fail_with "a staging directory is left: $(ls -A "$layers/.tmp")"
}

# Everything beside the layers directory that an escape would reach first.
canary_now() {
    find "$BATS_TEST_TMPDIR/canary" -printf '%p %m %U:%G %n %T@ %s\n' | sort
    cat "$BATS_TEST_TMPDIR/canary/file"
}

# pack [OPTION…] <ENTRIES
pack() {
    "$BATS_TEST_DIRNAME/../tools/image-tar" --busybox "$SAMPAN_BUILD/busybox.tar" "$@" "$archive"
}

unpack() {
    "$SAMPAN_BUILD/sampan-image" load --layers "$layers" <"$archive"
}

# Unpacks the archive; top is its uppermost layer's directory then, description what the program said.
unpacked() {
    description=$(unpack) || return
    top=$layers/$(jq -r '.images[0].layers[-1]' <<<"$description" | cut -d: -f2)
    [ -d "$top" ]
}

# refused REGEX: the archive is refused with these words, and no layer comes of it.
refused() {
    run -1 --separate-stderr unpack
    [ -z "$output" ]
    grep -Eq -- "$1" <<<"$stderr" || fail_with "the message does not match /$1/: $stderr"
    [ -z "$(ls "$layers")" ] || fail_with "a layer was made: $(ls "$layers")"
}

# xattr FILE NAME
xattr() {
    python3 -c 'import os, sys; sys.stdout.buffer.write(os.getxattr(*sys.argv[1:]))' "$@"
}

# ---- honest archives

# bats test_tags=smoke
@test "files, directories, links, devices and FIFOs have their modes, owners and content" {
    pack <<'END'
dir etc mode=700 uid=5 gid=6
file etc/conf data="two words" mode=640 uid=1000 gid=1001 mtime=86400
file bin/su data=x mode=4755
symlink link to=etc/conf uid=7
hardlink etc/same to=etc/conf
char dev/null dev=1:3 mode=666
block dev/disk dev=8:17 mode=660 gid=6
fifo pipe mode=622
dir tmp mode=1777
END
    unpacked
    [ "$(stat -c '%F %a %u:%g' "$top/etc")" = "directory 700 5:6" ]
    [ "$(stat -c '%a %u:%g %Y' "$top/etc/conf")" = "640 1000:1001 86400" ]
    [ "$(cat "$top/etc/conf")" = "two words" ]
    [ "$(stat -c %a "$top/bin/su")" = 4755 ]
    [ "$(readlink "$top/link")" = etc/conf ]
    [ "$(stat -c %u "$top/link")" = 7 ]
    [ "$top/etc/same" -ef "$top/etc/conf" ]
    [ "$(stat -c '%F %t:%T %a' "$top/dev/null")" = "character special file 1:3 666" ]
    [ "$(stat -c '%F %t:%T %a %g' "$top/dev/disk")" = "block special file 8:11 660 6" ]
    [ "$(stat -c '%F %a' "$top/pipe")" = "fifo 622" ]
    [ "$(stat -c %a "$top/tmp")" = 1777 ]
}

@test "the description names id, tags, layers, size and configuration" {
    pack --tag one:1 --tag two:2 --config '{"Cmd": ["true"]}' <<'END'
file a size=1000
layer
file b size=500
END
    unpacked
    [ "$(jq -c '.images[0] | [.tags, .size, .config.config.Cmd, (.layers | length)]' <<<"$description")" = \
        '[["one:1","two:2"],1500,["true"],2]' ]
    local config
    config=$(tar -xOf "$archive" manifest.json | jq -r '.[0].Config')
    [ "$(jq -r '.images[0].id' <<<"$description")" = "sha256:$(tar -xOf "$archive" "$config" | sha256sum | cut -d' ' -f1)" ]
    # Layers that are there are not unpacked again, and their sizes are known.
    [ "$(unpack)" = "$description" ]
}

@test "extended attributes, file capabilities; those of overlayfs and the kernel's modules are dropped" {
    pack <<'END'
file ping data=x mode=755 xattr.security.capability=0x0100000200200000000000000000000000000000
file note data=x xattr.user.note=hello
dir sly xattr.trusted.overlay.opaque=y xattr.trusted.overlay.redirect=/etc xattr.security.ima=x
END
    unpacked
    [ "$(xattr "$top/note" user.note)" = hello ]
    [ "$(xattr "$top/ping" security.capability | od -An -tx1 | tr -d ' \n')" = 0100000200200000000000000000000000000000 ]
    [ "$(python3 -c 'import os, sys; print(os.listxattr(sys.argv[1]))' "$top/sly")" = "[]" ]
}

@test "long names, names that are not UTF-8, the first of times" {
    local long
    long=$(printf 'd%.0s' $(seq 200))
    pack <<END
file $long/$long/$long/file data=deep
file $(printf 'caf\xe9') data=latin
file old data=x mtime=0
END
    unpacked
    [ "$(cat "$top/$long/$long/$long/file")" = deep ]
    [ "$(cat "$top"/$'caf\xe9')" = latin ]
    [ "$(stat -c %Y "$top/old")" = 0 ]
}

@test "whiteouts become overlayfs's: devices 0:0, and opaque directories" {
    pack <<'END'
file gone data=x
file sub/also data=x
layer
file .wh.gone
file new/dir/.wh.also
file sub/.wh..wh..opq
file .wh..wh.plnk
END
    unpacked
    [ "$(stat -c '%F %t:%T' "$top/gone")" = "character special file 0:0" ]
    [ "$(stat -c '%F %t:%T' "$top/new/dir/also")" = "character special file 0:0" ]
    [ "$(xattr "$top/sub" trusted.overlay.opaque)" = y ]
    [ ! -e "$top/.wh..wh.plnk" ] && [ ! -e "$top/.wh.gone" ]
}

@test "a whiteout and its name in one layer: what is below is hidden, what is here stays" {
    pack <<'END'
file .wh.first
dir first
dir second
file second/kept data=x
file .wh.second
file third data=here
file .wh.third
END
    unpacked
    [ "$(xattr "$top/first" trusted.overlay.opaque)" = y ]
    [ "$(xattr "$top/second" trusted.overlay.opaque)" = y ]
    [ -e "$top/second/kept" ]
    [ "$(cat "$top/third")" = here ]
}

@test "compressed archives and layers, and an OCI layout" {
    local how
    for how in "--compression gzip" "--compression zstd" "--compression xz" "--layer-compression gzip" \
        "--layer-compression zstd" "--format oci" "--format oci --layer-compression gzip --compression gzip"; do
        rm -rf "$layers" && mkdir "$layers"
        # shellcheck disable=SC2086
        pack $how <<<'file a data=content'
        unpacked || fail_with "$how"
        [ "$(cat "$top/a")" = content ] || fail_with "$how"
    done
}

@test "an archive that comes through a pipe" {
    pack --compression gzip <<<'file a data=content'
    description=$(cat "$archive" | "$SAMPAN_BUILD/sampan-image" load --layers "$layers")
    [ "$(cat "$layers"/[0-9a-f]*/a)" = content ]
}

@test "an empty layer" {
    pack </dev/null
    unpacked
    [ -z "$(ls -A "$top")" ]
}

@test "two layers with the same content are one directory" {
    pack <<'END'
file a data=x
layer
file a data=x
END
    unpacked
    [ "$(ls "$layers" | wc -l)" = 1 ]
}

# ---- damaged archives

@test "not an archive, an archive without an image, an empty one" {
    head -c 5000 /dev/urandom >"$archive"
    refused 'not a tar archive'
    : >"$archive"
    refused 'not a tar archive'
    tar -cf "$archive" -C "$BATS_TEST_TMPDIR/canary" file
    refused 'neither manifest.json .* nor index.json'
}

@test "a digest that is not the layer's, a layer too few, a configuration that is not its name's" {
    pack --wrong-diff-id <<<'file a data=x'
    refused 'layer 1 of 1.*digest.*damaged'
    pack --extra-diff-id <<<'file a data=x'
    refused 'image has 1 layers.*lists 2'
    pack --wrong-config <<<'file a data=x'
    refused 'digest of its name.*damaged'
}

@test "an archive that is cut off" {
    pack --layer-compression gzip --truncate-layer 100 <<<'file a size=100000'
    refused 'layer 1 of 1'
    pack --compression gzip <<<'file a size=100000'
    truncate -s -50 "$archive"
    refused '[Tt]runcated|damaged'
    pack <<<'file a size=100000'
    truncate -s 20000 "$archive"
    refused '[Tt]runcated|damaged|no member|neither'
}

# ---- hostile archives: teardown looks at the canary

@test "absolute names and .. stay inside" {
    pack <<END
file $BATS_TEST_TMPDIR/canary/file data=overwritten
file /etc/absolute data=here
END
    unpacked
    [ "$(cat "$top/etc/absolute")" = here ]
    [ "$(cat "$top/$BATS_TEST_TMPDIR/canary/file")" = overwritten ]
    pack <<<'file ../../canary/file data=overwritten'
    rm -rf "$layers" && mkdir "$layers"
    refused 'Path contains'
    pack <<<'file a/../../../canary/file data=overwritten'
    refused 'Path contains'
}

@test "a symbolic link out of the layer, then a write, a chmod, a directory or a whiteout through it" {
    pack <<END
symlink out to=$BATS_TEST_TMPDIR/canary
file out/file data=overwritten mode=777
symlink up to=../../../../../../../../canary
file up/file data=overwritten
symlink direct to=$BATS_TEST_TMPDIR/canary/file
file direct data=overwritten mode=4777
symlink dir to=$BATS_TEST_TMPDIR/canary
dir dir mode=777 uid=1234
symlink hide to=$BATS_TEST_TMPDIR/canary
file hide/.wh.file
file hide/.wh..wh..opq
END
    unpack || true
}

@test "a hard link out of the layer, to another layer, then a write to it" {
    local target
    pack <<<'file secret data=precious'
    unpacked
    target=/$(basename "$top")/secret
    cp -a "$top" "$BATS_TEST_TMPDIR/before"
    for target in "$target" "../..$target" "$BATS_TEST_TMPDIR/canary/file" ../../../canary/file; do
        pack <<END
hardlink mine to=$target
file mine data=overwritten
END
        run -1 unpack
    done
    diff -r "$BATS_TEST_TMPDIR/before" "$top"
}

@test "whiteouts of what must not be named" {
    pack <<<'file a/.wh...'
    refused 'whiteout of "\.\."'
    pack <<<'file a/.wh..'
    refused 'whiteout of "\."'
    pack <<<'file a/.wh.'
    refused 'whiteout of ""'
    pack <<'END'
file ../../../canary/.wh.file
file /../../canary/.wh.file
END
    unpack || true
}

@test "entries that come twice: the last one counts, whatever it replaces" {
    pack <<'END'
file a data=first
file a data=second
symlink b to=a
file b data=mine
dir c
file c data=file
file d data=file
dir d
file d/inside data=x
dir e mode=755
dir e mode=700
END
    unpacked
    [ "$(cat "$top/a")" = second ]
    [ ! -L "$top/b" ] && [ "$(cat "$top/b")" = mine ]
    [ -f "$top/c" ]
    [ "$(cat "$top/d/inside")" = x ]
    [ "$(stat -c %a "$top/e")" = 700 ]
}

@test "members of an archive that are links: once, and never beyond it" {
    python3 - "$archive" "$BATS_TEST_TMPDIR/canary/file" <<'END'
import io, json, sys, tarfile
with tarfile.open(sys.argv[1], "w") as tar:
    def add(name, data=b"", link=None):
        member = tarfile.TarInfo(name)
        member.size = len(data)
        if link:
            member.type, member.linkname = tarfile.SYMTYPE, link
        tar.addfile(member, io.BytesIO(data))
    add("layer.tar", link=sys.argv[2])
    add("config.json", json.dumps({"rootfs": {"diff_ids": ["sha256:" + "1" * 64]}}).encode())
    add("manifest.json", json.dumps([{"Config": "config.json", "Layers": ["layer.tar"]}]).encode())
END
    refused 'no member'
}

@test "an attribute that the file system has no room for is an error, not left out" {
    pack <<<"file a data=x xattr.user.large=$(printf '%070000d' 0)"
    refused 'unpack a: .*attribute'
}

@test "a decompression bomb ends with the disk, and leaves nothing" {
    mount -t tmpfs -o size=8m small "$layers"
    pack --layer-compression gzip <<<'file zeroes size=50000000'
    refused 'No space left on device'
    [ "$(df --output=pcent "$layers" | tr -dc 0-9)" -le 1 ]
    umount -l "$layers"
    mkdir "$layers/.tmp" # which teardown looks at
}

# ---- the fences

# Starts an unpacking that lasts, and stops the unpacking process in the middle; loader and unpacker are their pids.
stop_in_the_middle() {
    local i
    [ -e "$archive" ] || python3 -c 'for i in range(20000): print(f"dir d{i}")' | pack
    "$SAMPAN_BUILD/sampan-image" load --layers "$layers" <"$archive" >"$BATS_TEST_TMPDIR/out" 2>&1 &
    loader=$!
    for ((i = 0; i < 3000; i++)); do
        unpacker=$(cat "/proc/$loader/task/$loader/children" 2>/dev/null) || true
        # with its filter in place it is past its last preparation
        if [ -n "$unpacker" ] && grep -q '^Seccomp:.2' "/proc/${unpacker% }/status" 2>/dev/null; then
            unpacker=${unpacker% }
            kill -STOP "$unpacker"
            return 0
        fi
    done
    fail_with "the unpacking process was not seen: $(cat "$BATS_TEST_TMPDIR/out")"
}

@test "the unpacking process: its root is its layer, it has no network, and of the capabilities only what it needs" {
    local status open
    stop_in_the_middle
    status=$(cat "/proc/$unpacker/status")
    # chown, dac_override, fowner, fsetid, mknod, setfcap, sys_admin
    [ "$(awk '/^CapEff/ { print $2 }' <<<"$status")" = 000000008820001b ]
    [ "$(awk '/^CapBnd/ { print $2 }' <<<"$status")" = 000000008820001b ]
    [ "$(awk '/^CapPrm/ { print $2 }' <<<"$status")" = 000000008820001b ]
    [ "$(awk '/^CapInh/ { print $2 }' <<<"$status")" = 0000000000000000 ]
    [ "$(awk '/^NoNewPrivs/ { print $2 }' <<<"$status")" = 1 ]
    [ "$(awk '/^Seccomp:/ { print $2 }' <<<"$status")" = 2 ]
    [ "$(ls "/proc/$unpacker/root/" | head -n 1)" = d0 ]
    [ "$(ns_inode "$unpacker" net)" != "$(ns_inode self net)" ]
    [ "$(ns_inode "$unpacker" mnt)" != "$(ns_inode self mnt)" ]
    # one mount, of the layers directory alone, where devices cannot be opened
    [ "$(wc -l <"/proc/$loader/mountinfo")" = 1 ]
    grep -q 'nosuid,nodev,noexec' "/proc/$loader/mountinfo"
    # nothing is open but the archive, the socket, its own directory, standard error
    open=$(find "/proc/$unpacker/fd" -mindepth 1 -lname '*canary*')
    [ -z "$open" ]
    [ ! -e "/proc/$unpacker/fd/1" ] || [[ $(readlink "/proc/$unpacker/fd/1") != *out ]]
    kill -CONT "$unpacker"
    wait "$loader"
}

@test "killed in the middle: what is left in .tmp is free, and the next load removes it" {
    stop_in_the_middle
    [ -n "$(ls "$layers/.tmp")" ]
    kill -KILL "$loader"
    wait "$loader" || true
    wait_until eval '[ ! -e /proc/$unpacker ] || grep -q "^State:.Z" /proc/$unpacker/status'
    [ -z "$(ls "$layers")" ]
    [ -n "$(ls "$layers/.tmp")" ]
    unpacked
}

@test "a load in the middle keeps its staging directory from another's cleaning" {
    stop_in_the_middle
    local first=$archive
    archive=$BATS_TEST_TMPDIR/other.tar
    pack <<<'file a data=x'
    unpacked
    [ -n "$(ls "$layers/.tmp")" ]
    kill -CONT "$unpacker"
    wait "$loader"
    archive=$first
    [ "$(ls "$layers" | wc -l)" = 2 ]
}
