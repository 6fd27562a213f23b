internal import RPC
internal import RPCTransport
internal import ServiceRuntime

/// Calls, connections and event loops in Prometheus' text (rpc.md §15).
extension Observability {
    func writeMetrics(_ text: inout PrometheusText) {
        writeCalls(&text)
        writeEvents(&text)
        let sighting = seen.withLock { $0 }
        writeServers(sighting.servers, &text)
        writeClients(sighting.clients, &text)
        writeLoops(sighting.loops, &text)
    }

    // MARK: Calls

    private func writeCalls(_ text: inout PrometheusText) {
        let exemplars = telemetry.exemplars.all
        let served = CallMeter.total(telemetry.serverMeters.map(\.calls))
        write([(nil, served)], ServerMeter.schema, exemplars, &text)
        writeInFlight(served, &text)
        let made = telemetry.clientMeters.sorted { $0.key < $1.key }.map {
            (String?.some($0.key), CallMeter.total($0.value.map(\.calls)))
        }
        write(made, ClientMeter.schema, exemplars, &text)
    }

    /// What began and has not ended.
    private func writeInFlight(_ served: CallTotals, _ text: inout PrometheusText) {
        let name = "assay_rpc_in_flight"
        text.header(name, help: "Calls that began and have not ended.", kind: .gauge)
        for (key, began) in served.counts.sorted(by: { $0.key.method < $1.key.method })
        where key.instrument == 0 {
            let ended = served.histograms.reduce(UInt64(0)) { sum, entry in
                let isEnd = entry.key.instrument == 0 && entry.key.method == key.method
                return isEnd ? sum &+ entry.value.count : sum
            }
            text.sample(
                name, labels: [("grpc_method", telemetry.label(key.method))],
                Double(began >= ended ? began - ended : 0))
        }
    }

    private func write(
        _ totals: [(target: String?, totals: CallTotals)], _ schema: CallMeter.Schema,
        _ exemplars: [Exemplars.Key: Exemplars.Value], _ text: inout PrometheusText
    ) {
        for (index, count) in schema.counts.enumerated() {
            text.header(count.name, help: count.help, kind: .counter)
            for (target, totals) in totals {
                for (key, value) in totals.counts.sorted(by: { $0.key.method < $1.key.method })
                where key.instrument == index && value > 0 {
                    text.sample(
                        count.name, labels: labels(key, target), Double(value))
                }
            }
        }
        for (index, instrument) in schema.instruments.enumerated() {
            text.header(instrument.name, help: instrument.help, kind: .histogram)
            let bounds = instrument.layout.bounds.map { Double($0) * instrument.layout.scale }
            for (target, totals) in totals {
                let series = totals.histograms.filter { $0.key.instrument == index }
                for (key, value) in series.sorted(by: { Self.precedes($0.key, $1.key) }) {
                    text.histogram(
                        instrument.name, labels: labels(key, target), bounds: bounds,
                        counts: value.counts,
                        sum: Double(value.sum) * instrument.layout.scale,
                        exemplars: found(exemplars, instrument.name, key, target))
                }
            }
        }
    }

    private static func precedes(_ left: CallTotals.Key, _ right: CallTotals.Key) -> Bool {
        (left.method, left.status ?? 0) < (right.method, right.status ?? 0)
    }

    private func labels(
        _ key: CallTotals.Key, _ target: String?
    ) -> [(name: String, value: String)] {
        var labels = [(name: "grpc_method", value: telemetry.label(key.method))]
        if let target { labels.append(("grpc_target", target)) }
        if let status = key.status.flatMap({ StatusCode(rawValue: UInt8($0)) }) {
            labels.append(("grpc_status", "\(status)"))
        }
        return labels
    }

    private func found(
        _ exemplars: [Exemplars.Key: Exemplars.Value], _ metric: String, _ key: CallTotals.Key,
        _ target: String?
    ) -> [Int: PrometheusText.Exemplar] {
        guard let status = key.status.flatMap({ StatusCode(rawValue: UInt8($0)) }) else {
            return [:]
        }
        var found: [Int: PrometheusText.Exemplar] = [:]
        for (known, value) in exemplars
        where known.metric == metric && known.target == target && known.method == key.method
            && known.status == status
        {
            found[known.range] = .init(traceID: value.traceID, value: value.seconds)
        }
        return found
    }

    // MARK: Events

    private func writeEvents(_ text: inout PrometheusText) {
        let all = telemetry.events.all
        for family in RuntimeEvents.Family.allCases {
            let mine = all.filter { $0.key.family == family }
            text.header(family.name, help: family.help, kind: .counter)
            for (key, count) in mine.sorted(by: {
                $0.key.values.lexicographicallyPrecedes($1.key.values)
            }) {
                let labels = zip(family.labels, key.values).map { (name: $0, value: $1) }
                text.sample(family.name, labels: labels, Double(count))
            }
        }
    }

    // MARK: What the loops know

    private func writeServers(_ servers: [ServerSnapshot], _ text: inout PrometheusText) {
        text.header("assay_h2_connections", help: "Connections that are open.", kind: .gauge)
        for server in servers {
            text.sample(
                "assay_h2_connections", labels: [("profile", server.profile)],
                Double(server.connections))
        }
        text.header(
            "assay_h2_streams", help: "Requests that are open on them.", kind: .gauge)
        for server in servers {
            text.sample(
                "assay_h2_streams", labels: [("profile", server.profile)], Double(server.streams))
        }
        text.header(
            "assay_rpc_handlers_running", help: "Handlers that run, cancelled ones too.",
            kind: .gauge)
        for server in servers {
            text.sample(
                "assay_rpc_handlers_running", labels: [("profile", server.profile)],
                Double(server.handlers))
        }
        let loads = servers.compactMap { server in server.load.map { (server.profile, $0) } }
        text.header(
            "assay_rpc_handlers_limit",
            help: "Handlers of unary calls that may run at once, over all event loops.",
            kind: .gauge)
        for (profile, load) in loads {
            text.sample(
                "assay_rpc_handlers_limit", labels: [("profile", profile)], Double(load.limit))
        }
        text.header(
            "assay_rpc_handlers_waiting", help: "Calls that wait for a handler to end.",
            kind: .gauge)
        for (profile, load) in loads {
            text.sample(
                "assay_rpc_handlers_waiting", labels: [("profile", profile)], Double(load.waiting))
        }
        writeOutlivingHandlers(&text)
        text.header(
            "assay_h2_stalled_streams",
            help: "Streams that make no progress, and what it waits for.",
            kind: .gauge)
        for server in servers {
            for reason in StallReason.allCases {
                text.sample(
                    "assay_h2_stalled_streams",
                    labels: [("reason", reason.label), ("profile", server.profile)],
                    Double(server.stalls[reason] ?? 0))
            }
        }
    }

    private func writeOutlivingHandlers(_ text: inout PrometheusText) {
        let name = "assay_rpc_zombie_handlers"
        text.header(
            name, help: "Handlers that run although they were cancelled over 10 s ago.",
            kind: .gauge)
        for (method, count) in telemetry.outlivingHandlers.sorted(by: { $0.key < $1.key }) {
            text.sample(
                name, labels: [("grpc_method", telemetry.label(method))], Double(count))
        }
    }

    private func writeClients(_ clients: [ClientSnapshot], _ text: inout PrometheusText) {
        func each(
            _ name: String, _ help: String, _ kind: PrometheusText.Kind, _ label: String,
            _ values: (ClientSnapshot) -> [(String, Double)]
        ) {
            text.header(name, help: help, kind: kind)
            for client in clients {
                for (value, number) in values(client) {
                    text.sample(
                        name, labels: [(label, value), ("grpc_target", client.target)], number)
                }
            }
        }
        each("assay_lb_endpoints", "Endpoints, as each event loop sees them.", .gauge, "state") {
            let states = $0.endpointStates
            return ["idle", "connecting", "ready", "unwilling", "failed", "ejected"].map {
                ($0, Double(states[$0] ?? 0))
            }
        }
        each(
            "assay_lb_ejections_total", "Endpoints taken out, by what showed that they fail.",
            .counter, "reason"
        ) { $0.ejections.sorted { $0.key < $1.key }.map { ($0.key, Double($0.value)) } }
        each(
            "assay_lb_panics_total",
            "Times that so many endpoints were ejected that ejections were ignored.", .counter,
            "reason"
        ) { [("ejected", Double($0.panics))] }
        each(
            "assay_rpc_budget_tokens", "What may be repeated now: tokens, and further attempts.",
            .gauge, "kind"
        ) {
            [
                ("throttle", $0.throttleTokens), ("retries", Double($0.retriesLeft)),
                ("hedges", Double($0.hedgesLeft)),
            ]
        }
        each(
            "assay_resolver_answers_total", "Answers to the question for endpoints.", .counter,
            "result"
        ) {
            guard let resolver = $0.resolver else { return [] }
            return [
                ("changed", Double(resolver.changed)), ("unchanged", Double(resolver.unchanged)),
                ("failed", Double(resolver.failed)), ("empty", Double(resolver.empty)),
            ]
        }
        each("assay_client_connections", "Connections of clients.", .gauge, "profile") {
            [("client", Double($0.connections))]
        }
    }

    private func writeLoops(_ loops: [LoopSnapshot], _ text: inout PrometheusText) {
        text.header(
            "assay_loop_lag_seconds", help: "How late an event loop is just now; NaN: silent.",
            kind: .gauge)
        for loop in loops {
            text.sample(
                "assay_loop_lag_seconds", labels: [("loop", "\(loop.number)")],
                loop.lag.map { Double($0) * 1e-9 } ?? .nan)
        }
        text.header("assay_loop_jobs_total", help: "Jobs of tasks that have run.", kind: .counter)
        for loop in loops {
            text.sample(
                "assay_loop_jobs_total", labels: [("loop", "\(loop.number)")], Double(loop.jobs))
        }
    }
}

extension StallReason {
    /// As a label: without the blank.
    var label: String { rawValue.replacing(" ", with: "_") }
}
