#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Lists that other tools are writing while they are read, and files among them that nobody reads.
. "$(dirname -- "$0")/lib.sh"
FOLDER=$ETC/authorized-ranges.d
FEED=$FOLDER/feed.list
WRITER=''
mkdir "$FOLDER"

# write_in_place FROM TO: as a tool that flushes every hundred lines, which takes a tenth of a second.
write_in_place() {
  local i
  for ((i = $1; i <= $2; ++i)); do
    echo "10.$((i / 250)).$((i % 250)).0/24"
    if ((i % 100 == 0)); then sleep 0.01; fi
  done >"$FEED"
}
begin() {
  "$@" &
  WRITER=$!
  PIDS+=("$WRITER")
}
# Of the feed in force.
entries() { guard list --json | grep -c '"cidr": *"10\.' || true; }

step 'Written in place while it is read: the whole list is published'
write_in_place 1 1000
verb apply
for round in 1 2 3 4 5; do
  begin write_in_place $((1 + round)) $((1000 + round))
  wait_for 'the first lines' test -s "$FEED"
  verb apply
  wait "$WRITER"
  same 1000 "$(entries)" "entries in round $round"
  passes "10.$(((1000 + round) / 250)).$(((1000 + round) % 250)).1"
done

step 'What goes on changing: 4, with the file and what to do; a way out goes on; when it stops the list is taken'
goes_on() { while :; do echo 10.99.0.0/24 >>"$FEED" && sleep 0.005; done; }
begin goes_on
keeps expect 4 guard apply
complains "feed.list': read: it keeps changing; write a new file and rename it into place"
keeps expect 4 guard apply --dry-run
expect 4 guard validate
changes verb allow 198.18.1.0/24
passes 198.18.1.1
changes verb mode audit
expect 4 guard mode enforce
verb rollback
enforced
kill "$WRITER"
wait "$WRITER" 2>/dev/null || true
verb apply
passes 10.99.0.1

step 'Renamed into place as often as anybody likes'
renames() { while :; do echo 10.98.0.0/24 >"$FOLDER/.feed.new" && mv "$FOLDER/.feed.new" "$FEED"; done; }
begin renames
for ((i = 0; i < 5; ++i)); do verb apply --accept-risk shrink; done
kill "$WRITER"
wait "$WRITER" 2>/dev/null || true

step 'A file that is judged or taken from elsewhere is read in the same way'
goes_on_elsewhere() { while :; do echo 10.99.0.0/24 >>"$WORK/office.list" && sleep 0.005; done; }
begin goes_on_elsewhere
wait_for 'the file' test -s "$WORK/office.list"
keeps expect 4 guard set --file "$WORK/office.list"
keeps expect 4 guard apply --with office.list="$WORK/office.list"
expect 0 test ! -e "$FOLDER/office.list"
kill "$WRITER"
wait "$WRITER" 2>/dev/null || true
verb apply --with office.list="$WORK/office.list"

step 'Nobody reads it: named, and nothing else'
echo nonsense >"$FOLDER/office.txt"
echo 10.97.0.0/24 >"$FOLDER/branch.LIST"
echo 10.97.0.0/24 >"$FOLDER/README"
mkdir "$FOLDER/more"
for left in .hidden.list 'office.list~' .office.list.swp office.list.dpkg-old office.list.ucf-dist office.list.rpmsave '#office.list#' \
  office.list.bak; do echo nonsense >"$FOLDER/$left"; done
for asked in apply 'apply --dry-run' validate diff 'set 203.0.113.0/24,2001:db8:12::/48 --dry-run'; do
  # shellcheck disable=SC2086 # words
  guard $asked >"$WORK/out" 2>"$WORK/err" || same 1 "$?" "$asked"
  complains "authorized-ranges.d/office.txt': is not read: the name of a drop-in ends in '.list'"
  complains "branch.LIST': is not read"
  complains "README': is not read"
  same 3 "$(grep -c 'is not read' "$WORK/err")" "files that are named by '$asked'"
done
drops 10.97.0.1
keeps expect 0 guard apply --json
same true "$(grep -q 'office.txt' "$WORK/out" && echo true)" 'the answer in JSON names it'
mv "$FOLDER/branch.LIST" "$FOLDER/branch.list"
rm "$FOLDER/office.txt" "$FOLDER/README"
changes verb apply
silent_about 'is not read'
passes 10.97.0.1
