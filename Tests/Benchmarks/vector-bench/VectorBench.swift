import FeatureCore
import FeatureEngine
import Foundation

/// Prints what a vector of a folder of definitions costs to read on one thread, warm. Arguments:
/// folder, vector as name@version, events before (20,000), rounds (20,000).
@main
enum VectorBench {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2 else {
            print("usage: vector-bench FOLDER NAME@VERSION [EVENTS [ROUNDS]]")
            exit(64)
        }
        let set = try DefinitionFolder.load(arguments[0])
        let parts = arguments[1].split(separator: "@")
        guard parts.count == 2, let version = UInt32(parts[1]),
            let vector = set.vector(named: String(parts[0]), version: version)
        else {
            print("no vector \(arguments[1])")
            exit(66)
        }
        let events = arguments.count > 2 ? Int(arguments[2]) ?? 20_000 : 20_000
        let rounds = arguments.count > 3 ? Int(arguments[3]) ?? 20_000 : 20_000
        let started = ContinuousClock.now
        let plan = set.plan([vector])
        print(
            "\(arguments[1]): \(set.vectors[vector].columns.count) of \(set.features.features.count)"
                + " features, \(plan.entities.count) entities, compiled in"
                + " \(ContinuousClock.now - started)")
        var world = BenchWorld(set)
        world.fill(events)
        measure(set, plan, world, rounds)
    }

    private static func measure(
        _ set: DefinitionSet, _ plan: VectorPlan, _ world: BenchWorld, _ rounds: Int
    ) {
        var world = world
        let given = world.payment()
        let payment = world.complete(given)
        let touched = world.touched(by: payment)
        let tokens = TokenTexts(plan.texts, hash: BenchWorld.hash)
        var sum = 0.0
        report("the whole read", rounds) {
            plan.read { reading in
                reading.begin(payment, tokens: tokens)
                for (entity, touches) in touched {
                    reading.read(world.states[entity], touches: touches)
                }
                sum += reading.finish()[0].values[0]
            }
        }
        report("  states alone", rounds) {
            plan.read { reading in
                reading.begin(payment, tokens: tokens)
                for (entity, touches) in touched {
                    reading.read(world.states[entity], touches: touches)
                }
            }
        }
        report("  the event and expressions alone", rounds) {
            plan.read { reading in
                reading.begin(payment, tokens: tokens)
                sum += reading.finish()[0].values[0]
            }
        }
        report("filters, checks and computed fields", rounds) {
            sum += Double(world.complete(given).event.time)
        }
        precondition(!sum.isZero)
        let vector = plan.read { reading in
            reading.begin(payment, tokens: tokens)
            for (entity, touches) in touched {
                reading.read(world.states[entity], touches: touches)
            }
            return reading.finish()[0]
        }
        let kinds = (0..<6).map { kind in vector.status.count { Int($0) & 7 == kind } }
        print(
            "of a payment: \(kinds[0]) present, \(kinds[1]) empty, \(kinds[2]) absent, \(kinds[5]) in error"
        )
    }

    private static func report(_ name: String, _ rounds: Int, _ body: () -> Void) {
        for _ in 0..<min(rounds, 200) { body() }
        var runs: [Double] = []
        for _ in 0..<5 {
            let started = processorTime()
            for _ in 0..<max(1, rounds / 5) { body() }
            runs.append((processorTime() - started) / Double(max(1, rounds / 5)))
        }
        print("\(name): \(String(format: "%.2f", runs.sorted()[2] * 1e6)) µs of CPU")
    }

    /// Seconds this thread has run: what others do on the machine does not count.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
