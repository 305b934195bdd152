#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An operator's day: every verb, its exit status, its JSON, and what it leaves in the files.
. "$(dirname -- "$0")/lib.sh"
LIST=$ETC/authorized-ranges
listed() { guard list --json | "$TOOLS/json" /ranges/0/cidr /ranges/1/cidr /ranges/2/cidr /ranges/3/cidr /ranges/4/cidr /ranges/5/cidr | grep -v absent | xargs; }
after() { "$TOOLS/json" "$@" <"$WORK/out"; } # values of the JSON that the last verb printed
# Everything that apiguard writes, as one text.
tree() { find "$ETC" "$STATE" "$PINS" -printf '%p %m %s %T@ %i\n' | sort && find "$ETC" "$STATE" -type f -exec sha256sum {} + | sort; }
writes_nothing() {
  local before
  before=$(tree)
  "$@"
  same "$before" "$(tree)" 'what lies on the disk and in bpffs'
}

step 'Before anything: status, list, diff, check, history and rollback say that nothing is in force'
mkdir -p "$STATE" "$PINS" # so that there is a tree to compare
writes_nothing expect 1 guard status
prints 'NOT ENFORCED'
writes_nothing expect 1 guard diff
expect 4 guard check "$OFFICE4"
expect 0 guard history
expect 4 guard rollback
writes_nothing verb apply --dry-run

step 'apply'
changes verb apply
enforced
keeps verb apply
prints unchanged
expect 0 guard diff
expect 0 guard status
expect 0 guard validate

step 'The JSON of status'
guard status --json >"$WORK/out"
same '1 enforce 1 true null false' \
  "$(after /schema /mode /generation /confirmed /confirm_deadline /unapplied | xargs)"
after /fingerprint | grep -Eqx '[0-9a-f]{64}' || die "the fingerprint is $(after /fingerprint)"
same '1 6443 1 1 1 gate0 true native' \
  "$(after /endpoints# /endpoints/0 /ranges/ipv4 /ranges/ipv6 /interfaces# /interfaces/0/name /interfaces/0/attached /interfaces/0/xdp_mode | xargs)"
same "$(on_server ip -o link show gate0 | cut -d: -f1)" "$(after /interfaces/0/ifindex)"
same "$(on_server ip -details -o link show gate0 | grep -oE 'prog/xdp id [0-9]+' | awk '{ print $3 }')" \
  "$(after /interfaces/0/prog_id)"
for key in pass drop would_drop; do after "/counters/$key" | grep -q '^{' || die "counters.$key is absent"; done

step 'allow: comments, order and spacing of other lines stay'
printf '%s\n' '# the office' '' '203.0.113.0/24      name=office   # since 2019' '  2001:db8:12::/48 name=office' '# end' >"$LIST"
changes verb apply
changes verb allow 198.51.100.7 --name ci-run-1 --json
same "1 true $(generation) 1 198.51.100.7/32 allow ci-run-1 0 0 0" "$(after /schema /changed /generation /added# /added/0/cidr /added/0/kind /added/0/name /removed# /cut# /warnings# | xargs)"
same '# the office

203.0.113.0/24      name=office   # since 2019
  2001:db8:12::/48 name=office
# end' "$(head -n 5 "$LIST")"
grep -Eq '^198\.51\.100\.7.*name=ci-run-1' "$LIST" || die 'the new line is not there'
passes 198.51.100.7
keeps verb allow 198.51.100.7
keeps verb allow 198.51.100.7 --name ci-run-1 --json
same 'false 0' "$(after /changed /added# | xargs)"

step 'revoke: says that a wider range still allows the address'
changes verb allow 203.0.113.5 --name desk
changes verb revoke 203.0.113.5
complains "range '203\.0\.113\.5/32': removed, but 203\.0\.113\.0/24 \(authorized-ranges:[0-9]+\) still allows it; to exclude it: apiguard except 203\.0\.113\.5/32"
passes 203.0.113.5
changes verb allow 198.51.100.9
changes verb revoke 198.51.100.9
if grep -q 'still allows' "$WORK/err"; then die 'nothing allows it'; fi
drops 198.51.100.9

step 'except: a part of a wider range'
changes verb except 203.0.113.128/25 --name guests
passes "$OFFICE4"
counts drop excepted 1 drops 203.0.113.200
expect 1 guard check 203.0.113.200
prints 'excepted'

step 'check: what the kernel says'
expect 0 guard check "$OFFICE4" --json
same "$OFFICE4 pass listed 203.0.113.0/24 office null enforce" "$(after /source /verdict /reason /range /name /until /mode | xargs)"
expect 1 guard check "$OFFICE4" "$STRANGER6" 203.0.113.200 --json
same 'listed unlisted excepted 203.0.113.128/25 guests' \
  "$(after /checks/0/reason /checks/1/reason /checks/2/reason /checks/2/range /checks/2/name | xargs)"
expect 2 guard check 203.0.113
expect 2 guard check
counts pass listed 0 guard check "$OFFICE4" >/dev/null

step 'list'
same '198.51.100.7/32 2001:db8:12::/48 203.0.113.0/24 203.0.113.128/25' "$(listed | xargs -n1 | sort | xargs)"
guard list --json >"$WORK/out"
same 1 "$(after /schema)"
[[ $(after /observed_since) == 20*Z ]] || die "observed since $(after /observed_since)"
grep -q '"origin": "authorized-ranges:' "$WORK/out" || die 'no range says where it comes from'

step 'revoke: by CIDR, by name, no match, inside a wider range, in a drop-in, in cluster'
changes verb revoke guests
passes 203.0.113.200
changes verb revoke 198.51.100.7
drops 198.51.100.7
keeps expect 1 guard revoke 198.51.100.7
keeps expect 1 guard revoke nobody
keeps expect 1 guard revoke 203.0.113.0/28
complains 'except'
mkdir -m 0755 "$ETC/authorized-ranges.d"
echo '198.18.0.0/24 name=tool' >"$ETC/authorized-ranges.d/10-tool.list"
config cluster='["10.20.0.0/16"]'
changes verb apply
passes 198.18.0.1 10.20.1.1
keeps expect 3 guard revoke tool
complains '10-tool\.list'
keeps expect 3 guard revoke 10.20.0.0/16
complains 'apiguard\.toml'
keeps expect 3 guard except 10.20.1.0/24
guard list --json | grep '"kind": "cluster"' >/dev/null || die 'list does not show the cluster range'

step 'set: as AKS users write it'
changes verb set '172.0.0.10/16,168.10.0.10/18'
complains '172\.0\.0\.0/16'
complains '168\.10\.0\.0/18'
passes 172.0.200.1 168.10.63.1 198.18.0.1
drops "$OFFICE4" 168.10.64.1
expect 2 guard set '172.0.0.10/16' --strict
expect 2 guard set '172.0.0.0/16,,10.0.0.0/8'
expect 2 guard set '172.0.0.0/33'
keeps verb set '172.0.0.0/16,168.10.0.0/18'
printf '%s\n' '203.0.113.0/24 name=office # since 2019' '2001:db8:12::/48 name=office' >"$LIST"
changes verb set '203.0.113.0/24,2001:db8:12::/48' --accept-risk unapplied
grep -q '^203\.0\.113\.0/24 name=office # since 2019' "$LIST" || die 'a line that stays lost its name and comment'

step 'edit: an editor that adds, one that spoils, one that fails, one that does nothing'
edited_by() { EDITOR="$1" expect "$2" guard edit; }
# shellcheck disable=SC2016
printf '#!/bin/sh\necho 198.18.7.0/24 name=edited >>"$1"\n' >"$WORK/add"
# shellcheck disable=SC2016
printf '#!/bin/sh\necho 300.0.0.0/8 >>"$1"\n' >"$WORK/spoil"
chmod +x "$WORK/add" "$WORK/spoil"
changes edited_by "$WORK/add" 0
passes 198.18.7.1
grep -q 'name=edited' "$LIST" || die 'the edit is not in the file'
cp "$LIST" "$WORK/before"
keeps edited_by "$WORK/spoil" 3
complains '300\.0\.0\.0/8'
keeps edited_by false 4
keeps edited_by true 0
same "$(cat "$WORK/before")" "$(cat "$LIST")"
same '' "$(find "$RUN" -name 'edit-*')" 'copies left by the editor'

step 'Risk wide'
keeps expect 7 guard allow 128.0.0.0/1
complains "risk 'wide'"
complains 'allow 128\.0\.0\.0/1 .*--accept-risk wide'
drops 192.0.2.99
keeps expect 7 guard allow 128.0.0.0/1 --accept-risk unapplied
keeps expect 7 guard allow 128.0.0.0/1 --dry-run
expect 2 guard allow 128.0.0.0/1 --accept-risk nonsense
changes verb allow 128.0.0.0/1 --accept-risk wide
passes 192.0.2.99
changes verb revoke 128.0.0.0/1
keeps expect 7 guard allow 2001::/15
changes verb allow 2001::/15 --accept-risk all
changes verb revoke 2001::/15

step 'Risk unapplied: edits by hand are not slipped in'
echo '198.18.9.0/24 name=by-hand' >>"$LIST"
same true "$(status_of /unapplied)"
expect 1 guard diff
prints '198\.18\.9\.0/24'
expect 1 guard diff --json
same '1 true 198.18.9.0/24' "$(after /schema /differs /added/0/cidr | xargs)"
keeps expect 7 guard allow 198.18.10.0/24
complains "risk 'unapplied'"
complains '198\.18\.9\.0/24'
drops 198.18.9.1 198.18.10.1
if grep -q 198.18.10 "$LIST"; then die 'a refused change stays in the text'; fi
changes verb allow 198.18.10.0/24 --accept-risk unapplied
passes 198.18.9.1 198.18.10.1
same false "$(status_of /unapplied)"

step 'A dry run writes nothing and ends as the real one would'
writes_nothing expect 0 guard allow 198.18.11.0/24 --dry-run
prints '\+ 198\.18\.11\.0/24'
writes_nothing expect 0 guard set 203.0.113.0/24 --dry-run
writes_nothing expect 0 guard mode off --dry-run
writes_nothing expect 0 guard rollback --dry-run
writes_nothing expect 1 guard revoke nobody --dry-run
writes_nothing expect 7 guard allow 0.0.0.0/0 --dry-run
writes_nothing expect 0 guard allow 198.18.11.0/24 --dry-run --json

step 'A file that does not parse: 3, with line and caret; nothing changes'
cp "$LIST" "$WORK/good"
printf '203.0.113.0/24\n10.0.0.0/08\n' >"$LIST"
writes_nothing expect 3 guard apply
complains 'authorized-ranges:2:'
complains '\^'
writes_nothing expect 3 guard allow 198.18.12.0/24
expect 3 guard validate
expect 3 guard diff
printf '203.0.113.0/2' >"$LIST"
expect 3 guard apply
enforced
: >"$LIST" && rm "$ETC/authorized-ranges.d/10-tool.list" && plain_config
writes_nothing expect 3 guard apply
complains 'mode off'
cp "$WORK/good" "$LIST"

step 'rollback: exactly the one before, text included; then the one before that'
changes verb apply
cp "$LIST" "$WORK/first"
cp "$ETC/apiguard.toml" "$WORK/first.toml"
first=$(status_of /fingerprint) first_number=$(generation)
changes verb allow 198.18.20.0/24
changes verb mode audit
changes verb rollback
same enforce "$(status_of /mode)"
passes 198.18.20.1
expect 0 guard diff
changes verb rollback "$first_number"
same "$first" "$(status_of /fingerprint)"
drops 198.18.20.1
same "$(cat "$WORK/first")" "$(cat "$LIST")"
same "$(cat "$WORK/first.toml")" "$(cat "$ETC/apiguard.toml")"
expect 0 guard diff
expect 4 guard rollback 999999
expect 2 guard rollback yesterday

step 'Ten generations are kept'
for number in {1..12}; do changes guard allow "198.18.30.$number" >/dev/null 2>&1; done
same 10 "$(of /generations# history)"
same 10 "$(find "$STATE/generations" -mindepth 1 -maxdepth 1 | wc -l)"
guard history --json >"$WORK/out"
same "$(generation) true true 1 0" \
  "$(after /generations/0/generation /generations/0/in_force /generations/0/confirmed /generations/0/added /generations/0/removed | xargs)"
expect 0 guard history
same 1 "$(find "$PINS/generations" -mindepth 1 -maxdepth 1 | wc -l)" 'generations in the kernel'

step 'apply --boot: from state, whatever the files say'
number=$(generation)
guard detach --all >/dev/null
rm -rf "$PINS" "$RUN"
echo 'this is no toml' >"$ETC/apiguard.toml"
echo 'nor is this a range' >"$LIST"
not_enforced
verb apply --boot
enforced
passes 198.18.30.12
same "$number" "$(generation)" 'a boot puts the same generation back'
keeps verb apply --boot

step 'The way out with these broken files'
verb mode audit
not_enforced
same audit "$(status_of /mode)"
verb mode off
verb rollback
same audit "$(status_of /mode)"
verb set '' --accept-risk off
same off "$(status_of /mode)"
verb detach --all
expect 1 guard status
rm -rf "$STATE" "$PINS"
expect 3 guard apply --boot
expect 3 guard apply
not_enforced

step 'Usage'
expect 2 guard detach
expect 2 guard mode sometimes
expect 2 guard frobnicate
expect 2 guard allow
expect 0 guard version
expect 0 guard version --verbose
prints "^this kernel      $(uname -r | sed 's/[.+]/[&]/g'): loads the program$"
prints '^split frames     (judged in full|refused by drivers)'
prints '^--confirm-within (yes|no: )'
expect 0 guard --help
silent_about 'doctor'
