import ArgumentParser
import AssayMessages

/// Says what the versions of a model did.
struct ModelStatisticsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics",
        abstract: "Says what a model's versions did: calls, failures, times, bands.",
        discussion: """
            Counts are those of the one process that answers. A version's begin when it was loaded \
            there, a shadow's with its revision. Of several replicas each has its own; the metrics \
            assay_models_* add up.
            """)

    @Argument(help: "Name of the model.") var model: String
    @Option(help: "Only this version.") var version: UInt32 = 0
    @Flag(help: "Print the reply as JSON.") var json = false
    @OptionGroup var service: MonitoringOptions

    func run() async throws {
        let request = AssayModelsV1.StatisticsRequest(model: model, version: version)
        let found = try await service.call { client, options in
            try await client.modelStatistics(request, options: options)
        }
        if json { return print(String(decoding: found.json(), as: UTF8.self)) }
        let replica = found.replica.isEmpty ? "one process" : found.replica
        print("\(found.model) on \(replica), which runs since \(RegistryText.time(found.since))")
        print(
            RegistryText.table(
                [
                    "VERSION", "REQUESTS", "ROWS", "HALF WITHIN", "99 % WITHIN", "FAILURES",
                    "BANDS", "FLAGS",
                ],
                found.versions.map(Self.row)))
    }

    private static func row(_ counts: AssayModelsV1.VersionCounts) -> [String] {
        let name = counts.shadow.isEmpty ? "" : " (shadow \(counts.shadow))"
        return [
            "\(counts.version)\(name)", "\(counts.requests)", "\(counts.rows)",
            within(counts.times, 0.5), within(counts.times, 0.99),
            counts.failures.map { "\($0.calls) \($0.code)" }.joined(separator: ", "),
            counts.bands.map { "\($0.band) \($0.rows)" }.joined(separator: ", "),
            "\(counts.flags)",
        ]
    }

    /// The least time counted within which a share of the calls was computed.
    private static func within(
        _ times: [AssayModelsV1.CountedTimes], _ share: Double
    ) -> String {
        let total = times.reduce(0) { $0 + $1.calls }
        var sum: UInt64 = 0
        for time in times {
            sum += time.calls
            guard Double(sum) >= share * Double(total) else { continue }
            return time.belowMicroseconds == 0 ? "longer" : "\(time.belowMicroseconds) µs"
        }
        return "–"
    }
}
