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
    var vector = ["card_authorization@1"]

    @Option(help: "The type of the events.")
    var event = "payment"

    @Option(help: "What the events name and hold: a card payment (card), or every field (full).")
    var payload = LoadShape.Payload.card

    @Option(help: "Cards; other entities are as many or fewer, by what they are.")
    var cards = 100_000

    @Option(help: "Events recorded before anything is measured.")
    var history = 100_000

    @Option(help: "Events of each measurement.")
    var events = 20_000

    @Option(help: "Calls of the store in process whose latencies are compared; with --only calls.")
    var calls = 1_000_000

    @Option(help: "Seconds of open load through RPC, and of each step of applying definitions.")
    var seconds = 10

    @Option(
        help: "Events a second of open load through RPC; by default half of what 32 callers get.")
    var rate: Double?

    @Flag(help: "Print for each second of open load the longest call and what the service did.")
    var trace = false

    @Flag(
        help:
            "Kill the service at the end of its open load, and print how long it takes to open again."
    )
    var kills = false

    @Option(help: "What an acknowledged event survives: written or synced.")
    var durability = "written"

    @Option(help: "The assay-features to measure through RPC; beside this program by default.")
    var server: String?

    @Option(help: "The port of an empty Redis on this machine, to measure the shared store with.")
    var redis: Int?

    @Option(
        help: "Events under way at once in the shared store, and while definitions are applied.")
    var callers = 16

    @Option(
        help:
            "Connections of the callers over Redis; each is served by one event loop of the service."
    )
    var connections = 1

    @Option(help: "Measure only this part; repeat for several.")
    var only: [Part] = []

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case engine, warm, resolve, reads, written, synced, calls, growth, apply, remote, shared
        case remoteShared = "remote-shared"
    }

    func validate() throws {
        guard EventDurability(rawValue: durability) != nil else {
            throw ValidationError("--durability is written or synced")
        }
        guard cards > 0, history >= 0, events > 0, calls >= 100, seconds > 0, rate ?? 1 > 0,
            connections > 0
        else {
            throw ValidationError(
                "--cards, --events, --seconds, --rate and --connections must be positive,"
                    + " --calls at least 100")
        }
    }

    func run() async throws {
        let set = try DefinitionFolder.load(definitions)
        let references = try vector.map { try VectorReference($0, in: set) }
        let load = try LoadShape(set, event: event, payload: payload, cards: cards)
        print(Machine.description)
        describe(set, load, references)
        let bench = Bench(
            definitions: set, references: references.map(\.reference), load: load,
            history: history, events: events)
        let parts = only.isEmpty ? Part.allCases : only
        if parts.contains(.resolve) { try bench.resolve() }
        if parts.contains(.warm) { try bench.warm() }
        if parts.contains(.engine) { try await bench.engine() }
        if parts.contains(.reads) { try await bench.reads() }
        if parts.contains(.written) { try await bench.store(.written) }
        if parts.contains(.synced) { try await bench.store(.synced) }
        // It takes longer than all the rest: only for who asks for it.
        if only.contains(.calls) { try await bench.calls(calls) }
        if parts.contains(.growth) { try await bench.growth() }
        if parts.contains(.apply) {
            try await bench.apply(
                DefinitionSources(folder: definitions), callers: callers, seconds: seconds)
        }
        if let redis, parts.contains(.shared) {
            try await bench.shared(port: redis, callers: callers)
        }
        let program =
            server ?? Bundle.main.executableURL?.deletingLastPathComponent()
            .appending(path: "assay-features").path ?? "assay-features"
        let arguments = ["--definitions", definitions]
        if parts.contains(.remote) {
            try await bench.remote(
                program, arguments + ["--durability", durability], rate: rate,
                seconds: seconds, trace: trace, kills: kills)
        }
        if parts.contains(.remoteShared) {
            try await bench.remoteShared(
                program, arguments, connections: connections, seconds: seconds)
        }
    }

    private func describe(
        _ set: DefinitionSet, _ load: LoadShape, _ references: [VectorReference]
    ) {
        let columns = references.reduce(0) { $0 + $1.columns }
        let read = set.plan(references.map(\.position)).entities.map {
            set.entities[$0.entity].name
        }
        print(
            "\(vector.joined(separator: " + ")): \(columns) features of \(read.count) states:"
                + " \(read.joined(separator: ", "))")
        print(
            "each event (\(event), \(payload.rawValue)) names and changes \(load.entityTypes.count)"
                + " states: \(load.entityTypes.joined(separator: ", "))")
        print("\(cards) cards, \(history) events of history, \(events) events measured")
    }
}

extension LoadShape.Payload: ExpressibleByArgument {}

/// Prints a line as soon as it is known, also into a file.
func print(_ line: some CustomStringConvertible) {
    Swift.print(line)
    fflush(nil)
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
