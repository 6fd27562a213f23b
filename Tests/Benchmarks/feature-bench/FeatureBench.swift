import ArgumentParser
import FeatureCore
import FeatureEngine
import Foundation

/// Prints what an event costs in the feature store: without disk and network, with the disk, and
/// through RPC; and how that grows with events and entities.
@main
struct FeatureBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feature-bench",
        abstract: "Measures ScoreEvent in one run: the engine alone, the store, and through RPC.")

    @Option(help: "Folder with the feature definitions.")
    var definitions = "deploy/definitions"

    @Option(help: "The vector to read, as NAME@VERSION; repeat for several.")
    var vector = ["payment_fraud@1"]

    @Option(help: "The type of the events.")
    var event = "payment"

    @Option(help: "Cards; other entities are as many or fewer, by what they are.")
    var cards = 100_000

    @Option(help: "Events recorded before anything is measured.")
    var history = 100_000

    @Option(help: "Events of each measurement.")
    var events = 20_000

    @Option(help: "Seconds of open load through RPC.")
    var seconds = 10

    @Option(help: "What an acknowledged event survives: written or synced.")
    var durability = "written"

    @Option(help: "The assay-features to measure through RPC; beside this program by default.")
    var server: String?

    @Flag(help: "Leave out the growth with events and entities.")
    var withoutGrowth = false

    func validate() throws {
        guard EventDurability(rawValue: durability) != nil else {
            throw ValidationError("--durability is written or synced")
        }
        guard cards > 0, history >= 0, events > 0, seconds > 0 else {
            throw ValidationError("--cards, --events and --seconds must be positive")
        }
    }

    func run() async throws {
        let set = try DefinitionFolder.load(definitions)
        let references = try vector.map { try VectorReference($0, in: set) }
        let load = try LoadShape(set, event: event, cards: cards)
        print(Machine.description)
        let columns = references.reduce(0) { $0 + $1.columns }
        print(
            "\(vector.joined(separator: " + ")): \(columns) features,"
                + " \(load.entityTypes) entities an event, \(cards) cards, \(history) events of history"
        )
        let bench = Bench(
            definitions: set, references: references.map(\.reference), load: load,
            history: history, events: events)
        try await bench.engine()
        try await bench.store(.written)
        try await bench.store(.synced)
        if !withoutGrowth { try await bench.growth() }
        let arguments = ["--definitions", definitions, "--durability", durability]
        let program =
            server ?? Bundle.main.executableURL?.deletingLastPathComponent()
            .appending(path: "assay-features").path ?? "assay-features"
        try await bench.remote(program, arguments, seconds: seconds)
    }
}

/// What this runs on.
enum Machine {
    static var description: String {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model =
            info.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? "?"
        return "machine: \(model), \(ProcessInfo.processInfo.activeProcessorCount) cores,"
            + " load \(load.prefix { $0 != " " }) at the start"
    }
}
