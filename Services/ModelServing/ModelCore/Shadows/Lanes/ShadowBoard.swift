internal import Synchronization

/// Tells whoever scores for shadows which of them run.
final class ShadowBoard: Sendable {
    typealias Follower = @Sendable ([ShadowLane]) -> Void

    private struct State {
        var lanes: [ShadowLane] = []
        var follower: Follower?
    }

    private let state = Mutex(State())
    private let kept = Mutex<ShadowLog?>(nil)

    /// Where what shadows say is kept; nil: nowhere in this process.
    var log: ShadowLog? {
        get { kept.withLock { $0 } }
        set { kept.withLock { $0 = newValue } }
    }

    /// The lanes of a model's shadows that run, from now on.
    func show(_ lanes: [ShadowLane], of model: String) {
        state.withLock { state in
            let before = state.lanes.filter { $0.model == model }
            guard !before.elementsEqual(lanes, by: ===) else { return }
            state.lanes = (state.lanes.filter { $0.model != model } + lanes).sorted {
                ($0.model, $0.name) < ($1.model, $1.name)
            }
            state.follower?(state.lanes)
        }
    }

    /// Calls the follower now, and at every change.
    func follow(_ follower: @escaping Follower) {
        state.withLock { state in
            state.follower = follower
            follower(state.lanes)
        }
    }

    /// Nobody follows any more.
    func forget() { state.withLock { $0.follower = nil } }

    /// Of all models, by model and name.
    var lanes: [ShadowLane] { state.withLock { $0.lanes } }
}
