import RPC
import Synchronization

/// What clients of a registry asked for, and what they were told.
final class KillLedger: Sendable {
    struct Entry: Sendable {
        let change: RegistryChange
        /// Nil: nobody knows whether it happened.
        let answer: [UInt8]?
    }

    private struct State {
        var entries: [Entry] = []
        var number = 0
        var running: [String] = []
        var refusals: [String] = []
    }

    private let state = Mutex(State())

    /// Numbers for request ids, model files and experiments; none comes twice.
    func next() -> Int {
        state.withLock { state in
            state.number += 1
            return state.number
        }
    }

    /// Asks for a change, and notes what came of it. False: the process is gone.
    func ask(_ change: RegistryChange, _ models: ModelsProcess) async -> Bool {
        do {
            let answer = try await change.answer(models)
            state.withLock { $0.entries.append(Entry(change: change, answer: answer)) }
            return true
        } catch let error as RPCError where Self.refusals.contains(error.code) {
            // Nothing happened, and nothing will.
            state.withLock { $0.refusals.append("\(error)") }
            return true
        } catch {
            state.withLock { $0.entries.append(Entry(change: change, answer: nil)) }
            return false
        }
    }

    private static let refusals: Set<StatusCode> = [
        .aborted, .alreadyExists, .failedPrecondition, .invalidArgument, .notFound,
    ]

    /// What was asked since the last time.
    func take() -> [Entry] {
        state.withLock { state in
            defer { state.entries = [] }
            return state.entries
        }
    }

    /// Refusals that are none of a lost race.
    var oddRefusals: [String] {
        state.withLock { $0.refusals }.filter {
            !$0.contains("alias \"") && !$0.contains("it is so already")
                && !$0.contains("no step back")
        }
    }
}
