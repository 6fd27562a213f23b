import ArgumentParser
import AssayMessages
import FeatureCore
import Foundation
import Wire

/// Point-in-time training sets from the event log of a feature store.
struct TrainingSetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "training-set",
        abstract: "Builds training sets from the event log, and verifies them.",
        subcommands: [Build.self, Verify.self], defaultSubcommand: Build.self)

    struct Build: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a training set and, beside it, its sealed manifest.",
            discussion: """
                Each recorded event of the types in the span of time is a row: its vector as it \
                was served, or would have been. The manifest OUT.manifest says how the rows came \
                about; verify rebuilds them. The folder is that of a store which is stopped, or \
                a copy of it.
                """)
        @OptionGroup var log: RecordedLogOptions
        @Option(help: "NAME@VERSION of the vector.") var vector: String
        @Option(help: "Event type whose events are rows; may be repeated.") var type: [String]
        @Option(help: "First moment, such as 2025-10-09T00:00:00Z.") var from: String
        @Option(help: "First moment after the last.") var until: String
        @Option(help: "Event type of the labels.") var label: String?
        @Option(help: "Days in which a label may come; a younger event is left out.")
        var maturityDays: UInt32 = 0
        @Option(help: "Of a million events, about how many; all of them by default.")
        var samplePerMillion: UInt32 = 1_000_000
        @Flag(help: "With all that is known by now, however late it came: not as served.")
        var asCorrected = false
        @Flag(help: "JSON Lines in place of CSV.") var jsonLines = false
        @Option(help: "File to write.") var out: String

        func run() throws {
            let output = try ReplacingFile(out)
            let built = try log.open().trainingSet(plan(), tenant: log.tenant) {
                try output.write($0)
            }
            try output.finish()
            try Data(built.sealed).write(to: URL(filePath: "\(out).manifest"), options: .atomic)
            for line in built.manifest.lines { print(line) }
        }

        private func plan() throws -> AssayFeaturesV1.TrainingPlan {
            let parts = vector.split(separator: "@").map(String.init)
            guard parts.count == 2, let version = UInt32(parts[1]) else {
                throw ValidationError("--vector is NAME@VERSION")
            }
            guard let from = Timestamp(from), let until = Timestamp(until) else {
                throw ValidationError("--from and --until are times such as 2025-10-09T00:00:00Z")
            }
            let (seconds, overflow) = maturityDays.multipliedReportingOverflow(by: 86_400)
            guard !overflow else { throw ValidationError("--maturity-days is at most 49710") }
            return AssayFeaturesV1.TrainingPlan(
                vector: AssayFeaturesV1.VectorRef(name: parts[0], version: version),
                rows: .events(
                    AssayFeaturesV1.TrainingSpan(types: type, from: from, until: until)),
                label: label.map {
                    AssayFeaturesV1.TrainingLabel(eventType: $0, maturitySeconds: seconds)
                },
                mode: asCorrected ? .asCorrected : .asKnown,
                format: jsonLines ? .jsonLines : .csv, samplePerMillion: samplePerMillion)
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares a training set with its manifest, then builds it again.")
        @OptionGroup var log: RecordedLogOptions
        @Argument(help: "The training set; its manifest is FILE.manifest.") var file: String

        func run() throws {
            let manifest: AssayFeaturesV1.TrainingManifest
            do {
                manifest = try SealedRecord.open(try Self.contents("\(file).manifest"))
            } catch let error as SealError {
                throw Complaint("\(file).manifest: \(error)")
            }
            guard manifest.names(rows: try Self.contents(file)) else {
                throw Complaint("\(file): its bytes are not those that the manifest names")
            }
            let again = try log.open().trainingSet(manifest.plan, tenant: manifest.tenant) { _ in }
            guard again.manifest == manifest else {
                throw Complaint(
                    "\(file): built again from the log it differs:\n"
                        + manifest.differences(from: again.manifest).joined(separator: "\n"))
            }
            print("\(file): \(manifest.rows) rows, the same bytes when built again")
        }

        private static func contents(_ path: String) throws -> [UInt8] {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Complaint("\(path): no such file, or it cannot be read")
            }
            return Array(data)
        }
    }
}

/// Where an event log is.
struct RecordedLogOptions: ParsableArguments {
    @Option(help: "Folder of the feature store's data, such as .assay/data/features.")
    var store: String
    @Option(help: "Folder of definition files.") var definitions = "deploy/definitions"
    @Option(help: "Whose events.") var tenant = "demo"
    @Option(help: "File with the store's master key, if it was given one.") var masterKey: String?

    func open() throws -> RecordedLog {
        try RecordedLog(
            directory: store, definitions: DefinitionFolder.load(definitions),
            masterKey: try masterKey.map(key))
    }

    private func key(_ file: String) throws -> MasterKey {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let key = MasterKey(hex: text)
        else { throw Complaint("\(file): a master key is 64 hexadecimal digits") }
        return key
    }
}
