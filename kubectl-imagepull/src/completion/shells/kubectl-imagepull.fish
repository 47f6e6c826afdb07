# fish completion of kubectl-imagepull, called by its own name. `kubectl imagepull` is completed by kubectl: see
# `kubectl imagepull completion install`.
function __kubectl_imagepull
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2> /dev/null)
    set -q lines[1]; or return
    set -l directive (string replace : '' -- $lines[-1])
    # `--flag=value`: fish wants the whole word, what is offered is the value.
    set -l flag (string match --regex -- '^--[^=]*=' $current)
    for line in $lines[1..-2]
        echo "$flag$line"
    end
    if not set -q lines[2]; and test (math "floor($directive / 4) % 2") -eq 0
        __fish_complete_path (string replace --regex -- '^--[^=]*=' '' $current)
    end
end
complete --command kubectl-imagepull --no-files --keep-order --arguments '(__kubectl_imagepull)'
