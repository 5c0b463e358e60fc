# Bash completion for sampan. What it offers comes from the program's own --help, so that the two agree.

_sampan_options() {
    sampan "$@" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p'
}

_sampan_commands() {
    sampan --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Containers and images are listed only by who may: the others get no names, and no error.
_sampan_containers() {
    sampan ps "$@" --format '{{.Names}}' 2>/dev/null
}

_sampan_images() {
    sampan images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null
}

# The first word that is no global option.
_sampan_command() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --root | --run-root) ((i++)) ;;
        -*) ;;
        *)
            echo "${COMP_WORDS[i]}"
            return
            ;;
        esac
    done
}

_sampan() {
    local current=${COMP_WORDS[COMP_CWORD]} command words
    command=$(_sampan_command)
    if [ -z "$command" ]; then
        words="$(_sampan_commands) --root --run-root --debug --version --help"
    elif [[ $current == -* ]]; then
        words=$(_sampan_options "$command")
    else
        case $command in
        run | create | rmi) words=$(_sampan_images) ;;
        exec | attach | stop | restart | kill | top | ns) words=$(_sampan_containers) ;;
        start | rm | rename | wait | logs) words=$(_sampan_containers -a) ;;
        inspect) words="$(_sampan_containers -a) $(_sampan_images)" ;;
        *) words= ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _sampan sampan
