# Bash completion for sampan. What it offers comes from the program's own --help, so that the two agree.

_sampan_options() {
    sampan "$@" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\).*/\2/p'
}

# All commands, or those of a group: `sampan network --help`.
_sampan_commands() {
    sampan "$@" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Containers, images and networks are listed only by who may: the others get no names, and no error.
_sampan_containers() {
    sampan ps "$@" --format '{{.Names}}' 2>/dev/null
}

_sampan_images() {
    sampan images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null
}

_sampan_networks() {
    sampan network ls "$@" --format '{{.Name}}' 2>/dev/null
}

# A container's published ports, "80/tcp".
_sampan_ports() {
    sampan port "$1" 2>/dev/null | cut -d' ' -f1 | sort -u
}

# The words up to the cursor that are no options: the command, and what stands behind it.
_sampan_words() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --root | --run-root) ((i++)) ;;
        -*) ;;
        *) echo "${COMP_WORDS[i]}" ;;
        esac
    done
}

# What may follow an option that wants a value; nothing where it is not known.
_sampan_value() {
    case $1 in
    --network | --net)
        _sampan_networks
        _sampan_containers | sed 's/^/container:/'
        ;;
    --driver | -d) printf '%s\n' bridge macvlan ipvlan overlay ;;
    --egress) printf '%s\n' deny allow= ;;
    esac
}

# The arguments of `sampan network COMMAND`: $1 is the command, $2 what stands behind it.
_sampan_network_arguments() {
    case $1 in
    rm | remove) _sampan_networks -f type=custom ;;
    inspect) _sampan_networks ;;
    connect | disconnect) if [ -z "$2" ]; then _sampan_networks; else _sampan_containers -a; fi ;;
    esac
}

# The arguments of a command: $1 is the command, the others what stands behind it.
_sampan_arguments() {
    case $1 in
    run | create | rmi) _sampan_images ;;
    exec | attach | stop | restart | kill | top | ns) _sampan_containers ;;
    start | rm | rename | wait | logs) _sampan_containers -a ;;
    inspect) _sampan_containers -a && _sampan_images && _sampan_networks ;;
    network) if [ -z "$2" ]; then _sampan_commands network; else _sampan_network_arguments "$2" "$3"; fi ;;
    port) if [ -z "$2" ]; then _sampan_containers -a; else _sampan_ports "$2"; fi ;;
    esac
}

_sampan() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} offered said
    mapfile -t said < <(_sampan_words)
    if [ "${#said[@]}" = 0 ]; then
        offered="$(_sampan_commands) --root --run-root --debug --version --help"
    elif [[ $current == -* ]]; then
        if [ "${said[0]}" = network ]; then said=("${said[@]:0:2}"); else said=("${said[0]}"); fi
        offered=$(_sampan_options "${said[@]}")
    else
        if [[ $previous == -* ]]; then offered=$(_sampan_value "$previous"); fi
        if [ -z "$offered" ]; then offered=$(_sampan_arguments "${said[@]}"); fi
    fi
    mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$current")
}

complete -o default -F _sampan sampan
