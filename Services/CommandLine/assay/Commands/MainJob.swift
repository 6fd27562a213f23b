import AssayMessages
import Foundation
import RPC
import Wire

/// Real applicants, then simulated payments, then the report.
struct MainJob: Sendable {
    let workspace: Workspace
    let options: ReplayOptions
    /// A file of payments; nil simulates them.
    let events: String?
    let line: LiveLine

    func run() async throws {
        let connection = try GatewayConnection(workspace, key: .demo)
        let seed = try options.seed ?? nextSeed()
        let credit = CreditExample(
            workspace: workspace, connection: connection, run: "run\(String(seed, radix: 36))")
        line.say("\nLoan applicants (real: Statlog German credit data, UCI, CC BY 4.0)")
        let alias = try await credit.registerModel()
        line.say("  model \(alias.model), alias \(alias.alias) → version \(alias.version)")
        let applicants = try await credit.decide()
        line.say("  \(applicants.cases.count) held-out applicants decided")

        let replay = try paymentReplay(connection, seed: seed)
        if !options.rulesOnly {
            let model = try await ModelPush(connection).ensure(
                model: "payment-fraud", alias: "champion",
                manifest: try workspace.shipped("examples", "payments", "manifest.json"),
                artifact: try workspace.shipped("examples", "payments", "model.json"))
            line.say(
                "  rules, and model \(model.model) version \(model.version), trained on payments "
                    + "of another simulator")
        }
        let seconds = try await ReplayProgress(replay: replay, line: line).run()
        let missing = try await replay.verify()
        let report = MainReport(
            applicants: applicants, tally: replay.snapshot, seconds: seconds,
            missing: missing.count,
            kindOfPayments: events == nil ? "Simulated" : "Recorded")
        for text in report.lines { line.say(text) }
        for text in try Invitation(workspace: workspace).lines() { line.say(text) }
        await connection.transport.close()
        guard missing.isEmpty else {
            throw Complaint("\(missing.count) acknowledged decisions are missing from the log")
        }
    }

    /// Payments of the file, else simulated ones.
    private func paymentReplay(
        _ connection: GatewayConnection, seed: UInt64
    ) throws -> PaymentReplay {
        let settings = options.settings(seed: seed)
        guard let path = events else {
            line.say(
                "\nPayments (simulated: seed \(seed), about 1 % fraud; no real payments can be "
                    + "had under a free licence)")
            return try PaymentReplay(connection, settings)
        }
        let payments = try RecordedPayments.read(
            path, limit: options.payments,
            now: Timestamp(nanosecondsSinceEpoch: Int64(Date().timeIntervalSince1970 * 1e9)))
        line.say(
            "\nPayments (\(payments.count) of \(path), their times moved to end today)")
        return PaymentReplay(connection, settings, recorded: payments)
    }

    /// 1 for the first run on a data folder, then 2, …: each run is a world of its own, whose
    /// cards and customers no run before has seen.
    private func nextSeed() throws -> UInt64 {
        let path = workspace.path("runs")
        let last = (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
            UInt64($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let seed = (last ?? 0) &+ 1
        try workspace.write("\(seed)\n", to: path)
        return seed
    }
}

extension ReplayOptions {
    func settings(
        seed: UInt64, explain: AssayRiskV1.ExplainLevel = .reasons
    ) -> PaymentReplay.Settings {
        PaymentReplay.Settings(
            seed: seed, payments: payments ?? 20_000, concurrency: concurrency,
            patience: .seconds(patience), explain: explain)
    }
}

/// Runs a replay under a live line.
struct ReplayProgress: Sendable {
    let replay: PaymentReplay
    let line: LiveLine

    /// - Returns: Seconds it took.
    func run() async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let ticker = Task {
            var last = (at: start, decided: 0)
            while !Task.isCancelled {
                try await Task.sleep(for: line.interval)
                let tally = replay.snapshot
                let now = clock.now
                let rate = Double(tally.decided - last.decided) / Self.seconds(now - last.at)
                last = (now, tally.decided)
                line.show(Self.text(tally, of: replay.count, rate: rate))
            }
        }
        defer { ticker.cancel() }
        try await replay.run()
        let elapsed = Self.seconds(clock.now - start)
        ticker.cancel()
        let tally = replay.snapshot
        line.show(Self.text(tally, of: replay.count, rate: Double(tally.decided) / elapsed))
        line.finish()
        return elapsed
    }

    static func seconds(_ duration: Duration) -> Double {
        max(1e-6, duration / .seconds(1))
    }

    static func text(_ tally: ReplayTally, of count: Int, rate: Double) -> String {
        let split = ConfusionTable.columns.map { status in
            "\(status.word) \(tally.statuses[status, default: 0])"
        }
        let times = [0.5, 0.95, 0.99].map {
            String(format: "%.1f", Double(tally.latency.quantile($0)) / 1000)
        }
        let failures = tally.retried.values.reduce(0, +)
        return "  \(tally.decided)/\(count)   \(Int(rate)) decisions/s   "
            + "p50/p95/p99 \(times.joined(separator: "/")) ms   \(split.joined(separator: ", "))"
            + (failures > 0 ? "   tried again \(failures)" : "")
    }
}
