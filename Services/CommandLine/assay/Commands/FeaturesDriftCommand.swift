import ArgumentParser
import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Wire

/// Baselines of vectors, and how far from them values lie.
struct FeaturesDriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "Pins baselines of vectors, and shows drift from them.",
        subcommands: [Pin.self, Show.self], defaultSubcommand: Show.self)

    struct Pin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a span of time, or a training set, the measure of drift.")
        @OptionGroup var server: FeatureServerOptions
        @Option(help: "NAME@VERSION of the vector.") var vector: String
        @Option(help: "First moment, such as 2025-10-09T00:00:00Z.") var from: String?
        @Option(help: "First moment after the last.") var until: String?
        @Option(help: "A training set whose rows are the baseline; its manifest is FILE.manifest.")
        var trainingSet: String?
        @Option(help: "Why; kept with the baseline.") var reason: String
        @Option(help: "The purpose of the vector.")
        var purpose = Purpose.fraud

        func run() async throws {
            let request = AssayFeaturesV1.PinBaselineRequest(
                vector: try AssayFeaturesV1.VectorRef(argument: vector), source: try source(),
                reason: reason)
            let connection = try server.connect(
                scopes: ["features.baseline", FeatureAccess.scope(purpose)])
            let baseline = try await AssayFeaturesV1.FeatureStore.Client(connection.transport)
                .pinBaseline(request, options: connection.options(.seconds(60))).baseline
            await connection.transport.close()
            print("\(vector): \(String(baseline.vectors, "vector")), \(baseline.source)")
        }

        private func source() throws -> AssayFeaturesV1.BaselineSource {
            if let trainingSet {
                guard from == nil, until == nil else {
                    throw ValidationError("a baseline is a span or a training set, not both")
                }
                guard let bytes = FileManager.default.contents(atPath: "\(trainingSet).manifest")
                else { throw Complaint("\(trainingSet).manifest cannot be read") }
                let manifest: AssayFeaturesV1.TrainingManifest = try SealedRecord.open(Array(bytes))
                return .trainingSet(manifest.plan)
            }
            guard let from = from.flatMap({ Timestamp($0) }),
                let until = until.flatMap({ Timestamp($0) })
            else {
                throw ValidationError(
                    "name --from and --until, such as 2025-10-09T00:00:00Z, or --training-set")
            }
            return .period(AssayFeaturesV1.BaselinePeriod(from: from, until: until))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares the last day with the baseline of a vector.")
        @OptionGroup var server: FeatureServerOptions
        @Option(help: "NAME@VERSION of the vector.") var vector: String
        @Flag(help: "Also features without an alert.") var all = false

        func run() async throws {
            let connection = try server.connect(scopes: ["features.stats"])
            let store = AssayFeaturesV1.FeatureStore.Client(connection.transport)
            let now = Int64(Date().timeIntervalSince1970)
            guard let from = Timestamp(seconds: now - 86_400), let to = Timestamp(seconds: now)
            else { throw Complaint("the clock is not in a year that there is") }
            var request = AssayFeaturesV1.StatsRequest(
                vector: try AssayFeaturesV1.VectorRef(argument: vector), from: from, to: to)
            var drifting = 0
            repeat {
                let page = try await store.stats(
                    request, options: connection.options(.seconds(10)))
                guard let baseline = page.baseline else {
                    throw Complaint("\(vector) has no baseline: pin one first")
                }
                if request.pageToken.isEmpty {
                    print("\(vector), \(String(page.vectors, "vector")) against \(baseline.source)")
                }
                for drift in page.drift where all || !drift.alerts.isEmpty {
                    print(Self.line(drift))
                }
                drifting += page.drift.count { !$0.alerts.isEmpty }
                request.pageToken = page.nextPageToken
            } while !request.pageToken.isEmpty
            await connection.transport.close()
            print("\(String(drifting, "feature")) with an alert")
        }

        private static func line(_ drift: AssayFeaturesV1.FeatureDrift) -> String {
            let alerts = drift.insufficient ? "insufficient" : drift.alerts.joined(separator: ", ")
            return "  \(drift.feature): \(alerts.isEmpty ? "none" : alerts)"
                + String(
                    format: "; stability %.3f (over %.3f alerts), missing %.1f %% (was %.1f %%)",
                    drift.stability, drift.threshold, drift.nullRate * 100,
                    drift.baselineNullRate * 100)
        }
    }
}

extension AssayFeaturesV1.VectorRef {
    /// `NAME@VERSION`.
    init(argument text: String) throws {
        let parts = text.split(separator: "@").map(String.init)
        guard parts.count == 2, let version = UInt32(parts[1]) else {
            throw ValidationError("a vector is NAME@VERSION, not \(text)")
        }
        self.init(name: parts[0], version: version)
    }
}
