#compdef kubectl-imagepull
# zsh completion of kubectl-imagepull, called by its own name. `kubectl imagepull` is completed by kubectl: see
# `kubectl imagepull completion install`.
_kubectl_imagepull() {
    local -a lines offers order space
    local line value directive=0
    lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2> /dev/null)}")
    for line in "${lines[@]}"; do
        case $line in
            :*) directive=${line#:} ;;
            *$'\t'*)
                value=${line%%$'\t'*}
                offers+=("${value//:/\\:}:${line#*$'\t'}")
                ;;
            ?*) offers+=("${line//:/\\:}") ;;
        esac
    done
    # `--flag=value`: what is offered is the value.
    [[ ${words[CURRENT]} == --*=* ]] && compset -P '*='
    ((directive & 2)) && space=(-S '')
    ((directive & 32)) && order=(-V)
    if ((${#offers})); then
        _describe "${order[@]}" 'completions' offers "${space[@]}"
    elif ! ((directive & 4)); then
        _files
    fi
}
if [[ ${funcstack[1]} == _kubectl_imagepull ]]; then
    _kubectl_imagepull
else
    compdef _kubectl_imagepull kubectl-imagepull
fi
