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
     R"(A packet is judged by the old list or by the new one. On any error the old one
stays in force. Unchanged files change nothing.

Examples:
  apiguard apply --dry-run
  apiguard apply --with office.list=/tmp/office --confirm-within 2m
  apiguard apply --accept-risk generic-xdp)"},
    {"allow", kChange, "CIDR...", "List ranges in the CLI's file and publish.",
     R"(A bare address is a /32 or /128. The longest prefix decides. Allowed again, an entry
takes the new end or, without one, becomes permanent; what is permanent stays so.
Edits that wait in the toml and in drop-ins stay unapplied.

Examples:
  apiguard allow 203.0.113.0/24 --name office --why NET-114
  apiguard allow 198.51.100.7 --for 2h --name ci-run-123)"},
    {"except", kChange, "CIDR...", "Take a part out of a wider range and publish.",
     R"(Sources in an except range are dropped although a wider range lists them. A range
of 'cluster' cannot be taken out. When an except range ends, what lists it wider
decides again.

Examples:
  apiguard except 203.0.113.128/25 --name office-guests
  apiguard except 203.0.113.9 --for 1h30m)"},
    {"lease", kChange, "[ADDRESS...]", "Keep addresses listed for a time; for tools.",
     R"(Leases stand in no file, never overrule an 'except' and end by themselves. Within
[leases] of apiguard.toml. 0: all of them are in force.

Examples:
  apiguard lease 198.51.100.7 --for 24h --name node-7
  kubectl get nodes ... | apiguard lease --sync nodes --for 24h
  apiguard lease --authorized-key node-7.pub --for 24h --name node-7)"},
    {"revoke", kChange, "CIDR|NAME...", "Remove entries from the CLI's file and publish.",
     R"(Removes every line of that CIDR or name, except lines too, and every lease of it, which
bars it. No match: 1, or 0 with --if-listed. A part of a wider range is taken out
with 'except'.

Examples:
  apiguard revoke 203.0.113.0/24
  apiguard revoke ci-run-123 --if-listed
  apiguard revoke office 198.51.100.7)"},
    {"set", kChange, "[CIDR,CIDR,...]", "Replace the list in the CLI's file and publish.",
     R"(The list becomes exactly these ranges. Lines that stay keep name and comment. With
--file the text becomes that of FILE, as it is. The empty string is 'mode off': every
packet passes, and the list is left as it is; not typed on a terminal it is asked about.

Examples:
  apiguard set "203.0.113.0/24,198.51.100.7"
  apiguard set --file ./ranges --dry-run
  apiguard set "")"},
    {"edit", kChange, "", "Edit the CLI's file in $EDITOR, then publish.",
     R"(The text is checked before it takes effect. Refused or failed, the file is as it was.

Examples:
  apiguard edit
  EDITOR=nano apiguard edit --strict)"},
    {"mode", kChange, "enforce|audit|off", "Switch between dropping, counting and passing.",
     R"(enforce drops sources that are not listed. audit passes them and counts them as
would_drop. off passes everything. audit and off work with broken files, too.

Examples:
  apiguard mode audit
  apiguard mode enforce
  apiguard mode off)"},
    {"confirm", kChange, "", "Keep a change that was published with --confirm-within.",
     R"(Until its time is over such a change is in force but not kept. Unconfirmed, the
kernel itself goes back to what was in force before, whatever has died meanwhile, and
the next verb puts back the files. Until then only confirm, rollback, 'mode off' and
detach are accepted. Exit status 8 if the time was over.

Examples:
  apiguard confirm
  apiguard confirm && apiguard status)"},
    {"rollback", kChange, "[GENERATION]", "Publish an earlier generation again, exactly.",
     R"(Without a number: the one in force before this one. Restores the CLI's file and the
configuration, never drop-ins. Works with broken files.

Examples:
  apiguard rollback
  apiguard rollback 17
  apiguard rollback --dry-run)"},
    {"detach", kChange, "INTERFACE...|--all", "Take the program off interfaces.",
     R"(The only verb that does. To let packets pass for a while use 'mode off'.
What was taken off stays so: list verbs change the file and say that it is not in
force, and only an apply on a terminal, or with --accept-risk detached, attaches again.

Examples:
  apiguard detach eth1 --dry-run
  apiguard detach --all)"},
    {"status", kLook, "", "What is enforced where, and the counters.",
     R"(Exit status 1 if an interface of the generation in force is not attached or runs
another program, or if nothing is in force. Users other than root are shown
what 'apiguard run' saw last.

Examples:
  apiguard status
  apiguard status --json | jq .counters.drop)"},
    {"list", kLook, "[NAME|CIDR|ADDRESS...]", "The ranges in force.",
     R"(All of them, or those of exactly that name, those that overlap the CIDR (inside it or
around it), those that contain the address. One entry a prefix: of several
that are written, the one that decides. Beside an end stands what is left of it; then
the connections it admitted and when the last one was. With --unused only what admitted
none and has no connected client, as far as can be known.

Examples:
  apiguard list office
  apiguard list 203.0.113.0/24 --unused 30d
  apiguard list --json | jq -r '.ranges[].cidr')"},
    {"check", kLook, "ADDRESS...", "Ask the kernel what becomes of a source.",
     R"(Names the range, with its end and connections, or the reason. In audit and off the
verdict is the list's. Exit status 1 if any source would be dropped.

Examples:
  apiguard check 203.0.113.7
  apiguard check 203.0.113.7 --to 10.0.0.1:6443
  apiguard check 2001:db8::7 198.51.100.7 --json)"},
    {"denied", kLook, "", "The sources that were denied most.",
     R"(Every reason, and in audit those that would have been. Counts since the boot; under a
flood they are estimates, and who comes once makes room for who comes again.

Examples:
  apiguard denied
  apiguard denied --since 1h --top 100
  apiguard denied --json | jq -r '.sources[0].source')"},
    {"watch", kLook, "", "What happens while it happens.",
     R"(Denied packets, admitted connections and changes. What a flood is too fast for is
counted and told as lost.

Examples:
  apiguard watch
  apiguard watch --json --for 1m | jq -r 'select(.event == "denied").source')"},
    {"suggest", kLook, "", "Ranges that cover the sources seen in audit.",
     R"(Only sources whose connections got past the handshake: an address in a SYN can be made
up. Shows what the list covers already, and the commands that list the rest.

Examples:
  apiguard suggest
  apiguard suggest --max-ranges 10 --min-prefix4 20
  apiguard suggest --json)"},
    {"validate", kLook, "[FILE|-...]", "Parse and lint only.",
     R"(Without FILE: all files. A dash is standard input. FILE named *.toml or apiguard.toml*
is a configuration, *.list or authorized-ranges* a list of ranges; of any other say the
kind. Needs neither root nor a kernel.

Examples:
  apiguard validate
  apiguard validate ./authorized-ranges --strict
  generate | apiguard validate --kind ranges -)"},
    {"diff", kLook, "", "The files against the generation in force.",
     R"(Exit status 1 if they differ.

Examples:
  apiguard diff
  apiguard diff --json)"},
    {"history", kLook, "", "The generations that are kept, newest first.",
     R"(Examples:
  apiguard history
  apiguard history --json)"},
    {"init", kLook, "", "Propose a configuration from this host.",
     R"(Reads kubeadm's manifests, the configuration of k3s and RKE2, the interfaces and who
is connected, writes a commented configuration in mode audit, and says what it could
not know. A file that exists is shown as it would be and replaced only if you agree
on a terminal; elsewhere it stays and the exit status is 4.

Examples:
  apiguard init
  apiguard init --print
  apiguard init --root /mnt/image --config ./apiguard.toml)"},
    {"run", kServe, "", "The supervisor.",
     R"(Guards interfaces as they appear, return or are renamed, puts back what other programs
took away, settles expired confirmations, and writes what 'status' shows to users other
than root and, with --textfile, the metrics. SIGHUP publishes the files as 'apply'
without a terminal does; SIGTERM ends it and detaches nothing. The filter does not need
it. Meant for a service manager.

Examples:
  apiguard run
  apiguard run --verbose)"},
    {"metrics", kLook, "", "Prometheus text.",
     R"(With --textfile into a file, replaced as a whole and readable by everybody: give it a
name that ends in .prom, in the folder of the node exporter's textfile collector.

Examples:
  apiguard metrics
  apiguard metrics --textfile /var/lib/prometheus/node-exporter/apiguard.prom)"},
    {"version", kLook, "", "Version, program build and ABI.",
     R"(With --verbose also libbpf, what this kernel can do, found out by loading, and the
places in use.

Examples:
  apiguard version
  apiguard version --verbose)"},
    {"help", kLook, "[VERB]", "The help of a verb, or of all.",
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

APIGUARD_CONFIG, APIGUARD_STATE_DIR, APIGUARD_RUN_DIR and APIGUARD_PIN_DIR stand for
the options of these names. See 'apiguard VERB --help' and apiguard(8).)";

}  // namespace

std::span<const VerbHelp> verb_helps() { return kVerbs; }

std::string_view main_footer() { return kFooter; }

}  // namespace apiguard::cli
