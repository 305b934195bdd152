#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What monitoring is told is what status says, and real Prometheus takes it, by way of the node exporter, up to an alert.
. "$(dirname -- "$0")/lib.sh"

RULES=$(cd -- "$(dirname -- "$0")/../../scripts/grafana" && pwd -P)
PATH=$PATH:${APIGUARD_CACHE:-/var/cache/apiguard-test}/monitoring/usr/bin
for PROGRAM in prometheus promtool prometheus-node-exporter; do
  command -v "$PROGRAM" >/dev/null || skip "no $PROGRAM (scripts/test unpacks it)"
done
mkdir "$WORK/textfile"
PROM=$WORK/textfile/apiguard.prom

# metric NAME{LABELS}: its value, or "absent".
metric() {
  guard metrics >"$WORK/metrics" || die 'apiguard metrics'
  awk -v name="$1" '$1 == name { print $2; found = 1 } END { if (!found) print "absent" }' "$WORK/metrics"
}
shows() { same "$2" "$(metric "$1")" "$1"; }
# grows NAME NUMBER COMMAND...
grows() {
  local name=$1 number=$2 before
  shift 2
  before=$(metric "$name")
  "$@"
  shows "$name" $((before + number))
}

# ---- real monitoring: in the namespace of the server, on its loopback ----

scrape_config() {
  cat <<TEXT
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [$WORK/alerts.yaml]
scrape_configs:
  - job_name: node
    static_configs: [{targets: ['127.0.0.1:9100']}]
TEXT
}
start_monitoring() {
  sed -E 's/^( +for:) .*/\1 0s/' "$RULES/alerts.yaml" >"$WORK/alerts.yaml"
  scrape_config >"$WORK/prometheus.yml"
  in_background "$SERVER" prometheus-node-exporter --collector.disable-defaults --collector.textfile \
    --collector.textfile.directory="$WORK/textfile" --web.listen-address=127.0.0.1:9100 >"$WORK/exporter.log" 2>&1
  in_background "$SERVER" prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
    --web.listen-address=127.0.0.1:9090 --log.level=warn >"$WORK/prometheus.log" 2>&1
}
ask_prometheus() { on_server promtool query instant http://127.0.0.1:9090 "$1"; }
# known EXPRESSION / unknown EXPRESSION: it has a result in Prometheus, or none; both fail while it does not answer.
known() { local result && result=$(ask_prometheus "$1") && [ -n "$result" ]; }
unknown() { local result && result=$(ask_prometheus "$1") && [ -z "$result" ]; }
firing() { known "ALERTS{alertname=\"$1\", alertstate=\"firing\"}"; }
not_firing() { unknown "ALERTS{alertname=\"$1\", alertstate=\"firing\"}"; }

publish_metrics() { verb metrics --textfile "$PROM"; }

step 'Before anything is in force'
shows apiguard_generation 0
shows 'apiguard_mode{mode="enforce"}' 0
shows apiguard_confirmed absent

step 'What is in force'
ranges 203.0.113.0/24 2001:db8:12::/48 '192.0.2.99 name=past until=2020-01-01T00:00:00Z'
verb apply
shows apiguard_generation 1
shows 'apiguard_mode{mode="enforce"}' 1
shows 'apiguard_mode{mode="audit"}' 0
shows apiguard_confirmed 1
shows apiguard_rollback_remaining_seconds absent
shows apiguard_unapplied_edits 0
shows 'apiguard_interface_attached{interface="gate0"}' 1
shows 'apiguard_interface_xdp_mode{interface="gate0",xdp_mode="native"}' 1
shows 'apiguard_interface_xdp_mode{interface="gate0",xdp_mode="generic"}' 0
shows 'apiguard_ranges{family="ipv4"}' 2
shows 'apiguard_ranges{family="ipv6"}' 1
shows apiguard_expiring_ranges 0
shows apiguard_next_expiry_timestamp_seconds absent
shows apiguard_unused_ranges absent # nothing has been observed for 30 days
shows "apiguard_fingerprint_info{fingerprint=\"$(status_of /fingerprint)\",permanent=\"$(status_of /fingerprint_permanent)\"}" 1
PUBLISHED=$(metric apiguard_last_apply_timestamp_seconds)
# The folder is written a moment after that time was taken.
LATER=$(($(stat -c %Y "$STATE/generations/1") - ${PUBLISHED%.*}))
if [ "$LATER" -lt 0 ] || [ "$LATER" -gt 2 ]; then die "it says that it was published $LATER s before it was"; fi

step 'Packets by verdict and reason, counted exactly'
grows 'apiguard_packets_total{verdict="drop",reason="unlisted"}' 2 drops "$STRANGER4" "$STRANGER6"
grows 'apiguard_packets_total{verdict="pass",reason="listed"}' 2 passes "$OFFICE4" "$OFFICE6"
shows 'apiguard_packets_total{verdict="would_drop",reason="unlisted"}' 0

step 'Edits that are not applied, ranges that end, a change that waits'
ranges 203.0.113.0/24 2001:db8:12::/48 '198.51.100.9 name=soon until=2038-01-01T00:00:00Z'
shows apiguard_unapplied_edits 1
verb apply
shows apiguard_unapplied_edits 0
shows apiguard_expiring_ranges 1
shows apiguard_next_expiry_timestamp_seconds 2145916800.000
verb allow 198.18.0.1 --confirm-within 1h
shows apiguard_confirmed 0
LEFT=$(metric apiguard_rollback_remaining_seconds)
[ "${LEFT%.*}" -le 3600 ] || die "$LEFT seconds are left of an hour"
[ "${LEFT%.*}" -gt 0 ] || die 'nothing is left of an hour'
verb confirm
shows apiguard_confirmed 1

step 'No label holds an address'
guard metrics >"$WORK/metrics"
if grep -E '[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]*:[0-9a-f:]+' "$WORK/metrics" | grep -v '^#' >&2; then die 'an address'; fi

step 'Without privilege: said, and no file'
expect 4 on_server setpriv --reuid=65534 --regid=65534 --clear-groups "$APIGUARD" --config "$ETC/apiguard.toml" \
  --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" metrics --textfile "$PROM"
complains 'needs root'
[ ! -e "$PROM" ] || die 'a file of nothing'

step 'promtool takes the text, the rules, and what they are said to do'
promtool check metrics <"$WORK/metrics"
promtool check rules "$RULES/alerts.yaml" | grep SUCCESS
promtool test rules "$RULES/alerts_test.yaml"

step 'Every expression of the dashboard parses and asks for metrics that there are'
# shellcheck disable=SC2016
{
  echo 'groups: [{name: dashboard, rules: ['
  sed -nE 's/^ *"expr": "(.*)",?$/\1/p' "$RULES/dashboard.json" | sed -e 's/\\"/"/g' -e 's/\$__rate_interval/5m/g' |
    awk '{ gsub("\x27", "\x27\x27"); print "{record: \x27x:" NR "\x27, expr: \x27" $0 "\x27}," }'
  echo ']}]'
} >"$WORK/dashboard.yaml"
promtool check rules "$WORK/dashboard.yaml" | grep -E '[1-9][0-9]+ rules found'
# What the rules say of the panels is said of these very expressions.
sed -nE 's/^      - expr: (.*instance=~.*)/\1/p' "$RULES/alerts_test.yaml" | while read -r TESTED; do
  # shellcheck disable=SC2016
  grep -F -- "$(sed -e 's/"[.][*]"/"$instance"/g' -e 's/"/\\"/g' <<<"$TESTED")" "$RULES/dashboard.json" >/dev/null ||
    die "the dashboard does not ask: $TESTED"
done
METRICS=$(sed -nE 's/^\.It Cm (apiguard_[a-z_]+).*/\1/p' "$(dirname -- "$RULES")/../loader/man/apiguard-operation.7")
while read -r USED; do
  grep -qx "$USED" <<<"$METRICS" || die "'$USED' is no metric of the manual page"
done < <(cat "$RULES/dashboard.json" "$RULES/alerts.yaml" "$WORK/metrics" | grep -oE 'apiguard_[a-z0-9_]+' | sort -u)

step 'Scraped through the node exporter'
publish_metrics
same 644 "$(stat -c %a "$PROM")" 'mode of the file'
start_monitoring
wait_for 'Prometheus' known up
wait_for 'the generation in Prometheus' known "apiguard_generation == $(generation)"
wait_for 'the packets in Prometheus' known 'apiguard_packets_total{verdict="drop", reason="unlisted"} == 2'
known 'node_textfile_scrape_error == 0' || die 'the node exporter cannot read the file'
wait_for 'the rules' known 'apiguard_interface_attached'
not_firing ApiguardInterfaceNotAttached || die 'an alert while all is well'

step 'An alert fires when the program is taken off, and ends when it is back'
verb detach gate0
publish_metrics
shows apiguard_generation 0
shows 'apiguard_mode{mode="enforce"}' 0
wait_for 'the alert' firing ApiguardNothingInForce
verb apply --accept-risk detached
publish_metrics
wait_for 'the end of the alert' not_firing ApiguardNothingInForce

step 'Another one while the files say something else'
ranges 203.0.113.0/24
publish_metrics
wait_for 'the alert' firing ApiguardUnappliedEdits
verb apply
publish_metrics
wait_for 'the end of the alert' not_firing ApiguardUnappliedEdits
