// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/help.hpp"

#include <array>

namespace apiguard::cli {
namespace {

constexpr std::string_view kChange = "Change what is in force";
constexpr std::string_view kLook = "Look";
constexpr std::string_view kServe = "Serve";

constexpr std::array<VerbHelp, 25> kVerbs = {{
    {"apply", kChange, "", "Publish the files.",
     R"(Each packet is judged by the old list or by the new one. After an error the old list
stays in force. Unchanged files change nothing.

Examples:
  apiguard apply --dry-run
  apiguard apply --with office.list=/tmp/office --confirm-within 2m
  apiguard apply --accept-risk generic-xdp)"},
    {"allow", kChange, "CIDR...", "Add ranges to the list and publish.",
     R"(A bare address is a /32 or /128. The longest prefix decides. If an entry is
allowed again, it takes the new expiry, or becomes permanent without one. A permanent
entry stays permanent. Pending edits in the toml and in drop-ins stay unapplied.

Examples:
  apiguard allow 203.0.113.0/24 --name office --why NET-114
  apiguard allow 198.51.100.7 --for 2h --name ci-run-123)"},
    {"except", kChange, "CIDR...", "Exclude a part of a wider range and publish.",
     R"(Sources in an except range are dropped although a wider range allows them. A range of
'cluster' cannot be excluded. When an except range expires, the wider range decides
again.

Examples:
  apiguard except 203.0.113.128/25 --name office-guests
  apiguard except 203.0.113.9 --for 1h30m)"},
    {"lease", kChange, "[ADDRESS...]", "Allow addresses for a limited time.",
     R"(Leases are in no list file, never overrule an 'except' and expire by themselves.
[leases] of apiguard.toml limits them. Exit status 0 if all of them are in force.

Examples:
  apiguard lease 198.51.100.7 --for 24h --name node-7
  kubectl get nodes ... | apiguard lease --sync nodes --for 24h
  apiguard lease --authorized-key node-7.pub --for 24h --name node-7)"},
    {"revoke", kChange, "CIDR|NAME...", "Remove entries from the CLI's file and publish.",
     R"(Removes every line of that CIDR or name, also except lines. Also removes its leases, and
bars new ones. Exit status 1 if nothing matches. With --if-listed that is 0, unless the
CIDR has no entry of its own and a wider range allows it. To exclude a part of a wider
range, use 'except'.

Examples:
  apiguard revoke 203.0.113.0/24
  apiguard revoke ci-run-123 --if-listed
  apiguard revoke office 198.51.100.7)"},
    {"set", kChange, "[CIDR,CIDR,...]", "Replace the list in the CLI's file and publish.",
     R"(The list becomes exactly these ranges. Lines that stay keep name and comment. With
--file the text is replaced by that of FILE. An empty string means 'mode off': every
packet passes and the list stays. Unless it is typed on a terminal, it needs
--accept-risk off.

Examples:
  apiguard set "203.0.113.0/24,198.51.100.7"
  apiguard set --file ./ranges --dry-run
  apiguard set "")"},
    {"edit", kChange, "", "Edit the CLI's file in $EDITOR, then publish.",
     R"(The text is checked before it takes effect. If it is refused or fails, the file does
not change.

Examples:
  apiguard edit
  EDITOR=nano apiguard edit --strict)"},
    {"mode", kChange, "enforce|audit|off", "Switch between dropping, counting and passing.",
     R"(enforce drops sources that are not listed. audit passes them and counts them as
would_drop. off passes everything. audit and off also work with broken files.

Examples:
  apiguard mode audit
  apiguard mode enforce
  apiguard mode off)"},
    {"confirm", kChange, "", "Keep a change that was published with --confirm-within.",
     R"(The pending change is in force but not kept. If nobody confirms it in time, the kernel
itself restores the generation before, even if apiguard is not running, and the next
verb restores the files. Until then only confirm, rollback, 'mode off' and detach are
accepted. Exit status 8 if the time ran out.

Examples:
  apiguard confirm
  apiguard confirm && apiguard status)"},
    {"rollback", kChange, "[GENERATION]", "Publish an earlier generation again, exactly.",
     R"(Without a number, the generation in force before this one. Restores the CLI's file, the
configuration and the drop-ins that 'apply --with' wrote, but no other drop-ins. Works
with broken files.

Examples:
  apiguard rollback
  apiguard rollback 17
  apiguard rollback --dry-run)"},
    {"detach", kChange, "INTERFACE...|--all", "Take the program off interfaces.",
     R"(An interface that you remove from 'interfaces' is detached by the next 'apply'. To let
packets pass for a while, use 'mode off'. Detached interfaces stay detached: list verbs
change the file and say that it is not in force. Only an apply on a terminal, or with
--accept-risk detached, attaches again.

Examples:
  apiguard detach eth1 --dry-run
  apiguard detach --all)"},
    {"status", kLook, "", "Show what is enforced where, and the counters.",
     R"(Exit status 1 if an interface of the generation in force is not attached or runs
another program, or if nothing is in force. Users other than root see the last snapshot
of 'apiguard run'.

Examples:
  apiguard status
  apiguard status --json | jq .counters.drop)"},
    {"list", kLook, "[NAME|CIDR|ADDRESS...]", "Show the ranges in force.",
     R"(All of them, those with exactly this name, those that overlap the CIDR (inside or around
it), or those that contain the address. One row per prefix: the entry that decides.
Expiring ranges show the time left. Each row shows the connections that the range
admitted and the time of the last one. With --unused, only ranges that admitted no
connection and have no connected client, as far as that is known.

Examples:
  apiguard list office
  apiguard list 203.0.113.0/24 --unused 30d
  apiguard list --json | jq -r '.ranges[].cidr')"},
    {"check", kLook, "ADDRESS...", "Ask the kernel how it judges a source.",
     R"(Shows the range with its expiry and connections, or the reason. In audit and off the
verdict is that of the list. Exit status 1 if any source would be dropped.

Examples:
  apiguard check 203.0.113.7
  apiguard check 203.0.113.7 --to 10.0.0.1:6443
  apiguard check 2001:db8::7 198.51.100.7 --json)"},
    {"denied", kLook, "", "Show the sources that were denied most often.",
     R"(For every reason, and in audit also the sources that enforce would deny. Counts start at
boot. Under a flood they are estimates, and one-off sources are evicted first.

Examples:
  apiguard denied
  apiguard denied --since 1h --top 100
  apiguard denied --json | jq -r '.sources[0].source')"},
    {"watch", kLook, "", "Show events as they happen.",
     R"(Denied packets, admitted connections and changes. Events that come too fast under a
flood are counted and reported as lost.

Examples:
  apiguard watch
  apiguard watch --json --for 1m | jq -r 'select(.event == "denied").source')"},
    {"suggest", kLook, "", "Suggest ranges that cover the sources seen in audit mode.",
     R"(Only sources that completed a handshake, because the address in a SYN can be spoofed.
Shows the sources that the list already covers, and the commands that add the rest.

Examples:
  apiguard suggest
  apiguard suggest --max-ranges 10 --min-prefix4 20
  apiguard suggest --json)"},
    {"validate", kLook, "[FILE|-...]", "Check the files without publishing them.",
     R"(Without FILE, all files. A dash is standard input. A FILE named *.toml or apiguard.toml*
is a configuration, *.list or authorized-ranges* a list of ranges. Any other needs
--kind. Needs neither root nor BPF. Without FILE it also compares the endpoints with the
sockets and addresses of this network namespace.

Examples:
  apiguard validate
  apiguard validate ./authorized-ranges --strict
  generate | apiguard validate --kind ranges -)"},
    {"diff", kLook, "", "Compare the files with the generation in force.",
     R"(Exit status 1 if they differ.

Examples:
  apiguard diff
  apiguard diff --json)"},
    {"history", kLook, "", "Show the kept generations, newest first.",
     R"(Examples:
  apiguard history
  apiguard history --json)"},
    {"init", kLook, "", "Write a proposed configuration, based on the settings of this host.",
     R"(Reads kubeadm's manifests, the configuration of k3s and RKE2, the interfaces and the
connected clients. Writes a commented configuration in mode audit, and says what it
could not know. If the file exists, init shows the new text and replaces the file only
if you agree on a terminal. Without a terminal the file stays and the exit status is 4.

Examples:
  apiguard init
  apiguard init --print
  apiguard init --root /mnt/image --config ./apiguard.toml)"},
    {"run", kServe, "", "Run the supervisor.",
     R"(Guards interfaces as they appear, return or are renamed, restores pins and programs that
others removed, and settles expired confirmations. Writes the snapshot that 'status'
shows to users other than root and, with --textfile, the metrics. SIGHUP publishes the
files, as 'apply' without a terminal does. SIGTERM stops the supervisor and detaches
nothing. The filter also works without it. Meant for a service manager.

Examples:
  apiguard run
  apiguard run --verbose)"},
    {"metrics", kLook, "", "Print the metrics as Prometheus text.",
     R"(With --textfile, replace FILE with them; all users can read it. The node exporter's
textfile collector reads the files in its directory whose names end in .prom.

Examples:
  apiguard metrics
  apiguard metrics --textfile /var/lib/prometheus/node-exporter/apiguard.prom)"},
    {"version", kLook, "", "Show version, program build and ABI.",
     R"(With --verbose, also libbpf, the features of this kernel (found by loading the program)
and the places in use.

Examples:
  apiguard version
  apiguard version --verbose)"},
    {"help", kLook, "[VERB]", "Show the help of a verb, or of all verbs.",
     R"(Examples:
  apiguard help
  apiguard help allow)"},
}};

constexpr std::string_view kFooter =
    R"(Exit status:
  0  done, or yes
  1  no: would be dropped, differs, no match, not attached
  2  usage or bad argument
  3  bad file, nothing changed
  4  failed, previous state still in force
  5  the XDP hook belongs to another program
  6  kernel or driver cannot
  7  refused: needs --accept-risk
  8  rolled back: not confirmed in time

APIGUARD_CONFIG, APIGUARD_STATE_DIR, APIGUARD_RUN_DIR and APIGUARD_PIN_DIR replace the
options of these names. See 'apiguard VERB --help' and apiguard(8).)";

}  // namespace

std::span<const VerbHelp> verb_helps() { return kVerbs; }

std::string_view main_footer() { return kFooter; }

}  // namespace apiguard::cli
