# shellcheck shell=bash
# bash completion for entente(1). Commands and options are asked of the program itself, so that this
# file knows nothing that could grow old.

_entente_commands() {
    "$1" help 2>/dev/null | sed -n '/^A first look/q; s/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p'
}

_entente_options() {
    "$1" "$2" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
    printf '%s\n' --help
}

# Partners: the members of the pact but ourselves. Names are a-z, 0-9 and '-'.
_entente_partners() {
    local json
    json=$("$@" --json 2>/dev/null)
    grep -o '{"name":"[a-z0-9-]*"' <<<"${json#*\"members\":}" | cut -d '"' -f 4 |
        grep -vx "$(sed -n 's/.*"self":"\([a-z0-9-]*\)".*/\1/p' <<<"$json")"
}

_entente() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]} words='' home=() i
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_entente_commands "$program") help --version" -- "$cur")
        return
    fi
    # "--option=value" arrives as three words.
    if [ "$cur" = = ]; then
        cur=''
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 2; i < COMP_CWORD - 1; i++)); do
        [ "${COMP_WORDS[i]}" = --home ] && home=(--home "${COMP_WORDS[i + 1]/#\~/$HOME}")
    done

    case $prev in
    --home)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return ;;
    --passphrase-file | --password-file | --token-file | --ca-file | --observe-file | --from | --port-file | --users-port-file | --pcap | --eve | --eve-dgram | --output | -o | --feed-hashes | --pact | --add | --quorum)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return ;;
    --format)
        words='list us-cert-csv stix misp zeek hosts prose csv rpz suricata openioc'
        [ "$command" = watch ] && words='table json ecs eve'
        [ "$command" = export ] && words=$("$program" export --help 2>/dev/null |
            sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p') ;;
    --rotate) words='root author node' ;;
    --remove | --close) words=$(_entente_partners "$program" pact show "${home[@]}") ;;
    --tlp | --minimum) words='clear green amber amber+strict red' ;;
    --types) words='ip net endpoint domain url email hash' ;;
    --mode) words='lookup' ;;
    --role) words='reader analyst releaser operator' ;;
    --with | --member) words=$(_entente_partners "$program" pact show "${home[@]}") ;;
    --name | --display | --url | --columns | --source | --confidence | --min-confidence | --listen | --threads | --since | --observe-at | --new-since | --limit | --tag | --type | --at | --sid | --max-age | --user | --valid-from | --valid-until | --kind | --text | --label | --by | --reason | --budget | --witnesses | --threshold | --expires | --until | --window | --items) return ;;
    esac
    if [ -z "$words" ] && [ "${cur#-}" != "$cur" ]; then
        words=$(_entente_options "$program" "$command")
    elif [ -z "$words" ]; then
        case $command in
        help) words=$(_entente_commands "$program") ;;
        member) words='export' ;;
        config) words='check list' ;;
        audit) words='list verify begin' ;;
        user)
            words='add list set disable passwd token link'
            if [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(list|set|disable|passwd|token)\ * ]]; then
                words=$("$program" user list "${home[@]}" --json 2>/dev/null | grep -o '{"name":"[a-z0-9-]*"' | cut -d '"' -f 4)
            elif [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(add|link)\ * ]]; then
                words=''
            fi ;;
        image) words='build show verify' ;;
        observed)
            words='list show expire'
            if [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *' show '* ]]; then
                words=$("$program" observed list "${home[@]}" --json 2>/dev/null | grep -o '{"window":"[0-9TZ:-]*"' | cut -d '"' -f 4)
            elif [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(list|expire)\ * ]]; then
                words=''
            fi ;;
        warnings)
            words='add list remove'
            [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *' add '* ]] && words='' ;;
        tag)
            words='add remove'
            [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(add|remove)\ * ]] && words='' ;;
        quorum)
            words='start status result join decline schedule'
            if [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(status|result|join|decline)\ * ]]; then
                words=$("$program" quorum status "${home[@]}" --json 2>/dev/null | grep -o '{"run":"[0-9a-f]*"' | cut -d '"' -f 4)
            elif [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(start|schedule)\ * ]]; then
                words=''
            fi ;;
        match) words=$(_entente_partners "$program" pact show "${home[@]}") ;;
        log)
            words='list show verify audit export receipt prove prove-fork'
            if [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(list|audit)\ * ]]; then
                words=$(_entente_partners "$program" pact show "${home[@]}")
            elif [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(show|verify|export|receipt|prove|prove-fork)\ * ]]; then
                words=''
            fi ;;
        pact)
            words='new show propose vote status dispute withdraw export'
            if [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *' dispute '* ]]; then
                words=$(_entente_partners "$program" pact show "${home[@]}")
            elif [[ " ${COMP_WORDS[*]:2:COMP_CWORD-2} " = *\ @(new|vote|show|propose|status|withdraw|export)\ * ]]; then
                words=''
            fi ;;
        esac
        if [ -z "$words" ]; then
            case $command in
            pact | import | watch | warnings | log | verify)
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
            esac
            return
        fi
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _entente entente
complete -f -W '--pact --json --home --help --version' entente-verify
