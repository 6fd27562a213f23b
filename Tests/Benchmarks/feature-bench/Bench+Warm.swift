import FeatureCore
import FeatureEngine

/// What the engine itself takes, without events to check and rows to write.
extension Bench {
    /// Entities of an event, whose states have seen many like it.
    private struct Warm {
        var states: [FeatureState] = []
        var touches: [UInt64] = []
        /// Inputs of further events of the same entities.
        var inputs: [EventInput] = []
    }

    private static let warmEvents = 2_000
    private static let measuredEvents = 2_000

    /// A read of the vectors, an event applied, and a state encoded: warm, on one thread. Medians of
    /// five.
    func warm() throws {
        let warm = try warmed()
        let plan = definitions.plan(
            references.compactMap { definitions.vector(named: $0.name, version: $0.version) })
        let read = median {
            for input in warm.inputs {
                let values = plan.read { reading in
                    reading.begin(input)
                    for (state, touches) in zip(warm.states, warm.touches) {
                        reading.read(state, touches: touches)
                    }
                    return reading.finish()
                }
                precondition(!values.isEmpty)
            }
        }
        let applied = median {
            for (state, touches) in zip(warm.states, warm.touches) {
                var state = state
                var sequence = state.highestSequence
                for input in warm.inputs {
                    sequence += 1
                    _ = state.apply(
                        input.event, touches: touches, sequence: sequence, delivery: .first)
                }
            }
        }
        var bytes = 0
        let encoded = median {
            bytes = 0
            for _ in warm.inputs { for state in warm.states { bytes += state.encode().count } }
        }
        let events = Double(warm.inputs.count)
        Verdict.print(
            .atMost(30, "µs", "a warm read of the vectors", read / events),
            .atMost(
                1.5, "µs", "a warm apply, for each state",
                applied / events / Double(warm.states.count)),
            .atMost(10, "µs", "encoding 4 KiB of blob", encoded / Double(max(1, bytes)) * 4_096))
    }

    /// Microseconds of processor.
    private func median(_ body: () -> Void) -> Double {
        let times = (0..<5).map { _ in
            let before = Processor.seconds
            body()
            return (Processor.seconds - before) * 1e6
        }
        return times.sorted()[2]
    }

    private func warmed() throws -> Warm {
        let load = try LoadShape(
            definitions, event: load.definition.name, payload: load.payload, cards: 1)
        let clock = BenchClock()
        let pipeline = EventPipeline(definitions, masterKey: nil, clock: { clock.now })
        var random = SeededGenerator(seed: 5)
        var warm = Warm()
        for number in 0..<Self.warmEvents + Self.measuredEvents {
            let isWarm = number >= Self.warmEvents
            // Those that are measured come one each ten seconds.
            let step = isWarm ? 10_000 : Self.past / Int64(Self.warmEvents)
            let time = Self.start + step * Int64(number - Self.warmEvents)
            let event = load.event("w\(number)", at: time, &random)
            clock.set(event.time)
            let scoring = try pipeline.scoring(event, tenant: "bench")
            let resolved = scoring.resolved
            let engineEvent = EngineEvent(
                type: resolved.type, time: resolved.time, values: resolved.words,
                filters: resolved.filters)
            if warm.states.isEmpty {
                warm.touches = scoring.entities.map(\.touches)
                warm.states = scoring.entities.map {
                    FeatureState(group: definitions.entities[$0.entity].group, groupHash: 7)
                }
            }
            guard !isWarm else {
                warm.inputs.append(EventInput(engineEvent, texts: resolved.texts))
                continue
            }
            for index in warm.states.indices {
                _ = warm.states[index].apply(
                    engineEvent, touches: warm.touches[index], sequence: UInt64(number + 1),
                    delivery: .first)
            }
        }
        return warm
    }
}
