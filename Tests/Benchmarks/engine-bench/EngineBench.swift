import FeatureEngine
import Foundation

/// Prints what the engine costs on one thread: a read of 250 features over eight warm states, an
/// apply and an encode. Arguments: events per state, rounds.
@main
enum EngineBench {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let events = arguments.first ?? 20_000
        let rounds = arguments.dropFirst().first ?? 20_000
        var random = BenchGenerator(state: 7)
        var entities = BenchEntity.all()
        print(
            "8 states, \(entities.reduce(0) { $0 + $1.plan.count }) features, \(events) events each"
        )
        for index in entities.indices { entities[index].fill(events, &random) }
        for entity in entities {
            let bytes = entity.state.encode().count
            print("  \(entity.name): \(entity.plan.count) features, blob \(bytes) bytes")
        }
        measureRead(entities, rounds, &random)
        measureApply(entities, rounds, &random)
        measureEncode(entities, rounds)
        try measureDecode(entities, rounds)
    }

    private static func measureRead(
        _ entities: [BenchEntity], _ rounds: Int, _ random: inout BenchGenerator
    ) {
        // Each state is warm at its own time.
        let events = entities.map { BenchEntity.payment(at: $0.state.clock + 500, &random) }
        var values = entities.map {
            [FeatureValue](repeating: FeatureValue(0, Status(.empty)), count: $0.plan.count)
        }
        var sum = 0.0
        let all = report("read of all features", rounds) {
            for index in entities.indices {
                entities[index].state.read(
                    entities[index].plan, at: events[index].time, event: events[index], .all,
                    into: &values[index])
            }
            sum += values[0][0].number
        }
        for (index, entity) in entities.enumerated() {
            report("  \(entity.name)", rounds) {
                entity.state.read(
                    entity.plan, at: events[index].time, event: events[index], .all,
                    into: &values[index])
            }
        }
        precondition(sum > 0 && all > 0)
    }

    private static func measureApply(
        _ entities: [BenchEntity], _ rounds: Int, _ random: inout BenchGenerator
    ) {
        for var entity in entities {
            let stream = (0..<1_000).map { _ in
                entity.next(&random)
            }
            let start = entity.state.clock
            var number = 0
            report("apply, \(entity.name)", rounds * 5) {
                // The stream again and again, each time later than the last.
                let event = stream[number % stream.count]
                let shift = Int64(number / stream.count) * (entity.clock - start)
                let later = EngineEvent(
                    type: event.type, time: event.time + shift, values: event.values,
                    filters: event.filters)
                entity.apply(later)
                number += 1
            }
        }
    }

    private static func measureEncode(_ entities: [BenchEntity], _ rounds: Int) {
        for entity in entities {
            var bytes = 0
            let seconds = report("encode, \(entity.name)", rounds) {
                bytes = entity.state.encode().count
            }
            print("    \(bytes) bytes, \(micro(seconds * 4_096 / Double(bytes))) µs per 4 KiB")
        }
    }

    private static func measureDecode(_ entities: [BenchEntity], _ rounds: Int) throws {
        for entity in entities {
            let blob = entity.state.encode()
            try report("decode, \(entity.name)", rounds / 4) {
                let state = try FeatureState(
                    decoding: blob, group: entity.state.group, groupHash: entity.state.groupHash)
                precondition(state.version == entity.state.version)
            }
        }
    }

    // MARK: Reporting

    private static func micro(_ seconds: Double) -> String { String(format: "%.2f", seconds * 1e6) }

    /// Seconds of the median of five runs.
    @discardableResult
    private static func report(
        _ name: String, _ rounds: Int, _ body: () throws -> Void
    ) rethrows -> Double {
        for _ in 0..<min(rounds, 200) { try body() }
        var runs: [Double] = []
        for _ in 0..<5 {
            let started = ContinuousClock.now
            for _ in 0..<max(1, rounds / 5) { try body() }
            let parts = (ContinuousClock.now - started).components
            let seconds = Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
            runs.append(seconds / Double(max(1, rounds / 5)))
        }
        let median = runs.sorted()[2]
        print("\(name): \(micro(median)) µs")
        return median
    }
}
