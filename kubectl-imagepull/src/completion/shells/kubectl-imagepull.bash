# bash completion of kubectl-imagepull, called by its own name. `kubectl imagepull` is completed by kubectl: see
# `kubectl imagepull completion install`.
_kubectl_imagepull() {
    local line typed=${COMP_LINE:0:COMP_POINT} directive=0
    local -a words
    read -ra words <<< "$typed"
    [[ $typed == *[[:space:]] ]] && words+=("")
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :*) directive=${line#:} ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("${words[0]}" __complete "${words[@]:1}" 2> /dev/null)
    # bash 3.2 of macOS has no compopt: there names are sorted and files are not offered.
    if ((directive & 2)); then compopt -o nospace 2> /dev/null; fi
    if ((directive & 32)); then compopt -o nosort 2> /dev/null; fi
    if ! ((directive & 4)); then compopt -o default 2> /dev/null; fi
    return 0
}
complete -F _kubectl_imagepull kubectl-imagepull
