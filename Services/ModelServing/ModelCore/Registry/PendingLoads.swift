internal import RPC
internal import Synchronization

/// Calls that wait for versions that are being loaded: each version is loaded once for all of them.
final class PendingLoads: Sendable {
    typealias Outcome = Result<ServingVersion, RPCError>
    typealias Place = VersionShelf.Place

    private struct State {
        /// Who waits for a load that has begun, by a number of its own.
        var waiting: [Place: [UInt64: CheckedContinuation<Outcome, Never>]] = [:]
        var count = 0
        var last: UInt64 = 0
    }

    /// Calls that wait, over all versions; more are refused.
    static let maximumWaiting = 4_096
    /// Versions that are being loaded, or wait for their turn. A call that names one more is refused.
    static let maximumLoads = 64

    private let state = Mutex(State())

    /// Versions that are being loaded.
    var count: Int { state.withLock { $0.waiting.count } }

    /// Waits for a load.
    ///
    /// - Parameter begin: called if this call is the first one; `settle` must follow.
    func wait(for place: Place, begin: () -> Void) async -> Outcome {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { call in
                enter(call, number, place, begin)
            }
        } onCancel: {
            leave(number, place)
        }
    }

    private func enter(
        _ call: CheckedContinuation<Outcome, Never>, _ number: UInt64, _ place: Place,
        _ begin: () -> Void
    ) {
        enum Entry { case first, other, refused, full, cancelled }
        let entry = state.withLock { state -> Entry in
            // Its cancellation may have looked for it before it was here.
            if Task.isCancelled { return .cancelled }
            if state.count >= Self.maximumWaiting { return .refused }
            let isFirst = state.waiting[place] == nil
            if isFirst, state.waiting.count >= Self.maximumLoads { return .full }
            state.count += 1
            state.waiting[place, default: [:]][number] = call
            return isFirst ? .first : .other
        }
        switch entry {
        case .first: begin()
        case .other: break
        case .cancelled: call.resume(returning: .failure(Self.cancelled))
        case .refused: call.resume(returning: .failure(Self.refusal("calls wait for versions")))
        case .full: call.resume(returning: .failure(Self.refusal("versions wait")))
        }
    }

    private static func refusal(_ what: String) -> RPCError {
        RPCError(.resourceExhausted, "too many \(what) to be loaded; try again later")
    }

    private func leave(_ number: UInt64, _ place: Place) {
        let call = state.withLock { state in
            let call = state.waiting[place]?.removeValue(forKey: number)
            if call != nil { state.count -= 1 }
            return call
        }
        call?.resume(returning: .failure(Self.cancelled))
    }

    private static let cancelled = RPCError(.cancelled, "the call was cancelled")

    /// Notes that a load has begun that nobody waits for yet; false if it had before.
    func begin(_ place: Place) -> Bool {
        state.withLock { state in
            if state.waiting[place] != nil { return false }
            state.waiting[place] = [:]
            return true
        }
    }

    /// Forgets a load that nobody waits for any more; false if somebody does.
    func abandon(_ place: Place) -> Bool {
        state.withLock { state in
            guard state.waiting[place]?.isEmpty != false else { return false }
            state.waiting[place] = nil
            return true
        }
    }

    /// Tells all who wait what became of a load.
    func settle(_ place: Place, _ outcome: Outcome) {
        let calls = state.withLock { state in
            let calls = state.waiting.removeValue(forKey: place) ?? [:]
            state.count -= calls.count
            return calls
        }
        for call in calls.values { call.resume(returning: outcome) }
    }
}
