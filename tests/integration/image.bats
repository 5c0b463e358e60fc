#!/usr/bin/env bats
# Images: from archives of several kinds, listed, run as they say or as told otherwise, and removed.

load helpers

setup_file() {
    start_engine
}

teardown_file() {
    teardown
    stop_engine
}

teardown() {
    sampan ps -aq | xargs -r sampan rm -f >/dev/null
    sampan images -q --no-trunc | sort -u | xargs -r sampan rmi -f >/dev/null
}

# pack FILE [OPTION…] <ENTRIES: see tools/image-tar. With busybox below, unless the entries say "rootfs" themselves.
pack() {
    local out=$1 entries
    shift
    entries=$(cat)
    [[ $entries == *rootfs* ]] || entries=$'rootfs\nlayer\n'$entries
    "$BATS_TEST_DIRNAME/../tools/image-tar" --busybox "$SAMPAN_BUILD/busybox.tar" "$@" "$out" <<<"$entries"
}

none() {
    sampan run --rm --network none "$@"
}

# names: "mine:1 mine:2 "
names() {
    sampan images --format '{{.Repository}}:{{.Tag}}' "$@" | sort | tr '\n' ' '
}

# ---- run

# bats test_tags=smoke
@test "run takes an archive's path: the own busybox, and one with a layer more" {
    cd "$BATS_TEST_TMPDIR"
    cp "$SAMPAN_BUILD/busybox.tar" image.tar
    [ "$(none ./image.tar echo from the archive)" = "from the archive" ]
    pack mine.tar --tag mine:1 <<<'file etc/mine data=hello mode=600 uid=7 gid=8'
    [ "$(none ./mine.tar cat /etc/mine)" = hello ]
    [ "$(none "$PWD/mine.tar" stat -c '%a %u:%g' /etc/mine)" = "600 7:8" ]
    [ "$(names mine)" = "mine:1 " ]
    [ "$(none mine:1 cat /etc/mine)" = hello ]
}

@test "run of an archive that has changed takes the new one" {
    cd "$BATS_TEST_TMPDIR"
    pack image.tar --tag same:1 <<<'file mine data=first'
    [ "$(none ./image.tar cat /mine)" = first ]
    pack image.tar --tag same:1 <<<'file mine data=second'
    [ "$(none ./image.tar cat /mine)" = second ]
    [ "$(none same:1 cat /mine)" = second ]
}

@test "what a container writes stays out of its image" {
    pack "$BATS_TEST_TMPDIR/image.tar" --tag kept:1 <<<'file mine data=original'
    sampan load -qi "$BATS_TEST_TMPDIR/image.tar"
    none kept:1 sh -c 'echo changed >/mine; rm /bin/vi; touch /new'
    [ "$(none kept:1 sh -c 'cat /mine; test -e /new || test -e /bin/vi && echo " and no more"')" = "original and no more" ]
}

@test "layers: files that are whited out, and directories that hide what is below" {
    pack "$BATS_TEST_TMPDIR/image.tar" --tag layered:1 <<'END'
rootfs
layer
dir d
file d/gone data=below
file d/kept data=below
file d/over data=below
dir opaque
file opaque/old data=below
dir opaque/sub
file opaque/sub/old data=below
dir removed
file removed/file data=below
layer
file d/.wh.gone
file d/over data=above
file opaque/.wh..wh..opq
file opaque/new data=above
file .wh.removed
file bin/.wh.vi
END
    sampan load -qi "$BATS_TEST_TMPDIR/image.tar"
    run -0 none layered:1 find /d /opaque -type f
    [ "$(sort <<<"$output" | tr '\n' ' ')" = "/d/kept /d/over /opaque/new " ]
    [ "$(none layered:1 cat /d/kept /d/over)" = belowabove ]
    run -1 none layered:1 test -e /removed
    run -1 none layered:1 test -e /bin/vi
    run -0 none layered:1 sh -c 'mkdir /removed && ls -A /removed'
    [ -z "$output" ]
}

# ---- load

@test "load: from a file and from standard input" {
    pack "$BATS_TEST_TMPDIR/image.tar" --tag one:1 --tag two:2 <<<'file mine data=x'
    [ "$(sampan load -i "$BATS_TEST_TMPDIR/image.tar")" = $'Loaded image: one:1\nLoaded image: two:2' ]
    [ "$(sampan load -q <"$BATS_TEST_TMPDIR/image.tar")" = $'one:1\ntwo:2' ]
    [ "$(cat "$BATS_TEST_TMPDIR/image.tar" | sampan load | wc -l)" = 2 ]
    [ "$(names)" = "one:1 two:2 " ]
    [ "$(sampan images -q | sort -u | wc -l)" = 1 ]
}

@test "load: compressed archives, compressed layers, and OCI layouts" {
    local options n=0
    while read -r options; do
        n=$((n + 1))
        # shellcheck disable=SC2086 # several options
        pack "$BATS_TEST_TMPDIR/$n.tar" --tag "kind:$n" $options <<<"file mine data=$n"
        [ "$(sampan load -i "$BATS_TEST_TMPDIR/$n.tar")" = "Loaded image: kind:$n" ]
        [ "$(none "kind:$n" cat /mine)" = $n ]
    done <<'END'
--compression gzip
--compression zstd
--layer-compression gzip
--layer-compression zstd
--format oci
--format oci --compression gzip
--format oci --layer-compression zstd
END
    [ $n = 7 ]
}

@test "load: an image without a name is known by its id" {
    local id
    pack "$BATS_TEST_TMPDIR/image.tar" <<<'file mine data=nameless'
    id=$(sampan load -qi "$BATS_TEST_TMPDIR/image.tar")
    [[ $id =~ ^sha256:[0-9a-f]{64}$ ]]
    [ "$(names)" = "<none>:<none> " ]
    [ "$(none "$id" cat /mine)" = nameless ]
    [ "$(none "${id:7:12}" cat /mine)" = nameless ]
}

@test "load: a name moves to the newer image" {
    local first
    pack "$BATS_TEST_TMPDIR/first.tar" --tag moved:1 <<<'file mine data=first'
    pack "$BATS_TEST_TMPDIR/second.tar" --tag moved:1 <<<'file mine data=second'
    sampan load -qi "$BATS_TEST_TMPDIR/first.tar"
    first=$(sampan images -q)
    sampan load -qi "$BATS_TEST_TMPDIR/second.tar"
    [ "$(none moved:1 cat /mine)" = second ]
    [ "$(none "$first" cat /mine)" = first ]
    [ "$(names)" = "<none>:<none> moved:1 " ]
}

@test "what is no image archive is refused, and leaves nothing" {
    echo 'not an archive' >"$BATS_TEST_TMPDIR/text"
    tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/other.tar" text
    assert_error 1 'not a tar archive' sampan load -i "$BATS_TEST_TMPDIR/text"
    assert_error 1 'not a tar archive' sampan load </dev/null
    assert_error 1 'manifest.json|index.json' sampan load -i "$BATS_TEST_TMPDIR/other.tar"
    assert_error 1 'No such file' sampan load -i "$BATS_TEST_TMPDIR/absent"
    assert_error 125 'not a tar archive' none "$BATS_TEST_TMPDIR/text" true
    assert_error 125 'No such file' none "$BATS_TEST_TMPDIR/absent" true
    assert_error 125 'no such image: absent' none absent true
    [ -z "$(sampan images -q)" ]
    [ -z "$(ls "$SAMPAN_ROOT/layers")" ]
}

# ---- images, rmi

@test "images: the table, ids, formats and filters" {
    local id
    pack "$BATS_TEST_TMPDIR/a.tar" --tag apple:1 --tag apple:2 --config '{"Labels":{"kind":"fruit"}}' <<<'file a data=a'
    pack "$BATS_TEST_TMPDIR/b.tar" --tag bread:1 <<<'file b data=b'
    id=$(sampan load -qi "$BATS_TEST_TMPDIR/a.tar" && sampan inspect --format '{{.Id}}' apple:1)
    id=${id##*$'\n'}
    sampan load -qi "$BATS_TEST_TMPDIR/b.tar"
    run -0 sampan images
    [[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
    grep -Eq "^apple +2 +${id:7:12} +.* ago +[0-9.]+MB$" <<<"$output"
    [ "$(sampan images -q apple | sort -u)" = "${id:7:12}" ]
    [ "$(sampan images -q --no-trunc apple | sort -u)" = "$id" ]
    [ "$(names apple)" = "apple:1 apple:2 " ]
    [ "$(names apple:2)" = "apple:2 " ]
    [ "$(names -f reference='b*')" = "bread:1 " ]
    [ "$(names -f label=kind=fruit)" = "apple:1 apple:2 " ]
    [ "$(names -f label=kind=meat)" = "" ]
    [ "$(sampan images --format json | jq -r '.Repository' | sort -u | tr '\n' ' ')" = "apple bread " ]
    assert_error 1 'invalid filter "colour=red"' sampan images -f colour=red
}

@test "rmi: names first, then the image with those layers that no other image has" {
    local own shared
    pack "$BATS_TEST_TMPDIR/a.tar" --tag apple:1 --tag apple:2 <<<'file a data=a'
    pack "$BATS_TEST_TMPDIR/b.tar" --tag bread:1 <<<'file b data=b'
    sampan load -qi "$BATS_TEST_TMPDIR/a.tar"
    sampan load -qi "$BATS_TEST_TMPDIR/b.tar"
    shared=$(sampan inspect --format '{{index .RootFS.Layers 0}}' apple:1)
    own=$(sampan inspect --format '{{index .RootFS.Layers 1}}' apple:1)
    [ "$(sampan inspect --format '{{index .RootFS.Layers 0}}' bread:1)" = "$shared" ]
    [ "$(sampan rmi apple:1)" = "Untagged: apple:1" ]
    [ -d "$SAMPAN_ROOT/layers/${own#sha256:}" ]
    run -0 sampan rmi apple:2
    [ "${lines[0]}" = "Untagged: apple:2" ]
    [[ ${lines[1]} =~ ^Deleted:\ sha256:[0-9a-f]{64}$ ]]
    [ "${lines[2]}" = "Deleted: $own" ]
    [ "${#lines[@]}" = 3 ]
    [ ! -e "$SAMPAN_ROOT/layers/${own#sha256:}" ]
    [ "$(none bread:1 cat /b)" = b ]
    run -0 sampan rmi bread:1
    [[ $output == *"Deleted: $shared"* ]]
    [ -z "$(ls "$SAMPAN_ROOT/layers")" ]
    assert_error 1 'no such image' sampan rmi bread:1
    run -0 sampan rmi -f bread:1
}

@test "rmi by id: with several names only by force" {
    local id
    pack "$BATS_TEST_TMPDIR/image.tar" --tag one:1 --tag two:1 <<<'file mine data=x'
    sampan load -qi "$BATS_TEST_TMPDIR/image.tar"
    id=$(sampan images -q one)
    assert_error 1 'several names' sampan rmi "$id"
    [ "$(names)" = "one:1 two:1 " ]
    run -0 sampan rmi -f "$id"
    [ "$(grep -c Untagged <<<"$output")" = 2 ]
    [ -z "$(sampan images -q)" ]
}

@test "an image that a container was made from is not removed" {
    pack "$BATS_TEST_TMPDIR/image.tar" --tag used:1 --tag used:2 <<<'file mine data=used'
    sampan load -qi "$BATS_TEST_TMPDIR/image.tar"
    sampan create --name user --network none used:1 cat /mine
    run -0 sampan rmi used:1 # the image has another name
    assert_error 1 'container user is made from it' sampan rmi used:2
    assert_error 1 'container user is made from it' sampan rmi -f used:2
    [ "$(sampan start -a user)" = used ]
    sampan rm user
    run -0 sampan rmi used:2
    [ -z "$(ls "$SAMPAN_ROOT/layers")" ]
}

# ---- the image's configuration

configured() {
    pack "$BATS_TEST_TMPDIR/image.tar" --tag configured:1 --config "$1" <<<'file mine data=x'
    sampan load -qi "$BATS_TEST_TMPDIR/image.tar"
}

# bats test_tags=smoke
@test "entry point and command: of the image, and given" {
    configured '{"Entrypoint": ["echo", "entry"], "Cmd": ["of", "image"]}'
    [ "$(none configured:1)" = "entry of image" ]
    [ "$(none configured:1 given)" = "entry given" ]
    [ "$(none --entrypoint /bin/printf configured:1 '%s.' a b)" = "a.b." ]
    [ -z "$(none --entrypoint echo configured:1)" ]
    [ "$(none --entrypoint '' configured:1 echo alone)" = alone ]
}

@test "an image without a command needs one" {
    configured '{}'
    assert_error 125 'command' none configured:1
    [ "$(none configured:1 echo given)" = given ]
}

@test "environment: the image's, and what is given replaces it" {
    configured '{"Env": ["PATH=/bin:/image", "A=image", "B=image value"]}'
    run -0 none -e A=given -e C=new configured:1 env
    grep -qx 'PATH=/bin:/image' <<<"$output"
    grep -qx 'A=given' <<<"$output"
    grep -qx 'B=image value' <<<"$output"
    grep -qx 'C=new' <<<"$output"
    [ "$(grep -c '^A=' <<<"$output")" = 1 ]
}

@test "working directory and user: the image's, and others" {
    configured '{"WorkingDir": "/work/here", "User": "nobody:users"}'
    [ "$(none configured:1 sh -c 'pwd; id -u; id -g' | tr '\n' ' ')" = "/work/here 65534 100 " ]
    [ "$(none -w /tmp -u 5:6 configured:1 sh -c 'pwd; id -u; id -g' | tr '\n' ' ')" = "/tmp 5 6 " ]
}

@test "labels: the image's and the container's, which win" {
    configured '{"Labels": {"a": "image", "b": "image"}}'
    sampan create --name labelled --network none -l a=given -l c=new configured:1 true
    [ "$(inspect labelled '{{json .Config.Labels}}' | jq -Sc .)" = '{"a":"given","b":"image","c":"new"}' ]
}

@test "the stop signal: the image's, and another" {
    configured '{"StopSignal": "SIGUSR1", "Cmd": ["sh", "-c", "trap \"exit 44\" USR1; trap \"exit 33\" TERM; echo ready; while :; do sleep 0.02; done"]}'
    sampan run -d --name image-signal --network none configured:1
    sampan run -d --name given-signal --network none --stop-signal TERM configured:1
    wait_until eval 'sampan logs image-signal | grep -q ready && sampan logs given-signal | grep -q ready'
    sampan stop -t 60 image-signal given-signal
    [ "$(inspect image-signal '{{.State.ExitCode}}') $(inspect given-signal '{{.State.ExitCode}}')" = "44 33" ]
}

@test "volumes that the image asks for: made for the container, and gone with it" {
    configured '{"Volumes": {"/data": {}}}'
    sampan run --name volumed --network none configured:1 sh -c 'grep -c " /data " /proc/self/mountinfo; echo x >/data/file'
    [ "$(inspect volumed '{{range .Mounts}}{{.Type}} {{.Destination}} {{end}}')" = "volume /data " ]
    [ "$(cat "$(inspect volumed '{{(index .Mounts 0).Source}}')/file")" = x ]
    sampan rm -v volumed
    [ -z "$(ls "$SAMPAN_ROOT/volumes")" ]
}

@test "names in an archive are taken as users write them, and what can be no name is refused" {
    cd "$BATS_TEST_TMPDIR"
    pack hub.tar --tag docker.io/library/hub:2 --tag docker.io/library/plain </dev/null
    sampan load -i hub.tar
    [ "$(names hub) $(names plain)" = "hub:2  plain:latest " ]
    [ "$(none docker.io/library/hub:2 echo found)" = found ]
    [ "$(none plain echo found)" = found ]
    pack sly.tar --tag $'a\e[31m:1' </dev/null
    assert_error 1 'invalid reference' sampan load -i sly.tar
    [ "$(names | wc -w)" = 2 ]
}
