internal import RPC
internal import Synchronization
internal import Wire

/// Shows this process what others change in a shared store, and knows how long it has heard nothing.
///
/// A store that is lost changes nothing of what answers: the picture stays, and after five minutes each
/// reply says that it may be old.
public final class RegistryFollower: Sendable {
    /// How often it is looked: what others change shows within two of these.
    public static let interval = Duration.seconds(1)
    /// How long nothing may be heard before replies are flagged.
    static let staleMilliseconds: Int64 = 300_000

    /// What a look found.
    public enum Event: Sendable, Equatable {
        /// Others changed these chains.
        case followed([String])
        /// The store does not answer; said once.
        case lost(reason: String)
        /// It has not answered for five minutes, and replies are flagged; said once.
        case stale(seconds: Int64)
        case back
        /// The store is another one than before and has lost nothing: what it has is shown.
        case wentBack
        /// The store has lost acknowledged changes of these chains; said once. Everything is shown as it
        /// was before, replies are flagged, and these chains do not change until a person decides.
        case behind([String])
        /// The rows of a chain are damaged; said once. It is shown as it was before.
        case damaged(chain: String, reason: String)
    }

    private struct State {
        /// Nil before the first look.
        var position: UInt64?
        var heardAt: Int64
        var isLost = false
        var isStale = false
        /// Whether the store has lost something that is shown.
        var isBehind = false
        /// What was said of chains that could not be read.
        var damage: [String: String] = [:]
    }

    private let registry: ModelRegistry
    private let state: Mutex<State>

    /// - Parameter registry: recovered just now.
    public init(_ registry: ModelRegistry) {
        self.registry = registry
        state = Mutex(
            State(
                position: registry.recoveredPosition,
                heardAt: registry.now().millisecondsSinceEpoch))
    }

    /// Seconds since the store was last heard of; 0 while nobody else writes to it.
    public var stalenessSeconds: Double {
        guard registry.recoveredPosition != nil else { return 0 }
        let now = registry.now().millisecondsSinceEpoch
        return Double(max(0, now - state.withLock { $0.heardAt })) / 1_000
    }

    /// Looks once. Nothing is to be followed in a store of this process alone.
    public func look() async -> [Event] {
        guard let position = state.withLock({ $0.position }) else { return [] }
        let moved: (position: UInt64, chains: [String])
        do {
            guard let answer = try await registry.store.movedChains(since: position) else {
                return []
            }
            moved = answer
        } catch {
            return lost("\(error)")
        }
        let isBehind = state.withLock { $0.isBehind }
        if isBehind || moved.position < position {
            return isBehind && moved.position == position
                ? heard() : await wentBack(to: moved.position)
        }
        var events = heard()
        var followed: [String] = []
        var isWhole = true
        for chain in moved.chains {
            do {
                if try await registry.refresh(chain) { followed.append(chain) }
                state.withLock { _ = $0.damage.removeValue(forKey: chain) }
            } catch {
                isWhole = false
                if let event = damaged(chain, "\(error)") { events.append(event) }
            }
        }
        if isWhole { state.withLock { $0.position = moved.position } }
        return followed.isEmpty ? events : events + [.followed(followed)]
    }

    /// What is shown stays unless the store has all of it.
    private func wentBack(to position: UInt64) async -> [Event] {
        let chains: [String]
        do {
            chains = try await registry.lostChains()
            if chains.isEmpty { try await registry.startOver() }
        } catch {
            return lost("\(error)")
        }
        let isNews = state.withLock { state in
            let wasBehind = state.isBehind
            state.position = position
            state.isBehind = !chains.isEmpty
            return !wasBehind
        }
        let events = heard()
        if chains.isEmpty { return events + [.wentBack] }
        return isNews ? events + [.behind(chains)] : events
    }

    private func heard() -> [Event] {
        let now = registry.now().millisecondsSinceEpoch
        let (wasLost, wasStale, isStale) = state.withLock { state in
            defer { (state.isLost, state.isStale, state.heardAt) = (false, state.isBehind, now) }
            return (state.isLost, state.isStale, state.isBehind)
        }
        if wasStale != isStale { registry.setStale(isStale) }
        return wasLost ? [.back] : []
    }

    private func lost(_ reason: String) -> [Event] {
        let now = registry.now().millisecondsSinceEpoch
        let (isNews, becameStale, milliseconds) = state.withLock { state in
            let milliseconds = now - state.heardAt
            let becameStale = !state.isStale && milliseconds >= Self.staleMilliseconds
            defer {
                state.isLost = true
                if becameStale { state.isStale = true }
            }
            return (!state.isLost, becameStale, milliseconds)
        }
        if becameStale { registry.setStale(true) }
        return (isNews ? [.lost(reason: reason)] : [])
            + (becameStale ? [.stale(seconds: milliseconds / 1_000)] : [])
    }

    private func damaged(_ chain: String, _ reason: String) -> Event? {
        state.withLock { state in
            state.damage.updateValue(reason, forKey: chain) == reason
                ? nil : .damaged(chain: chain, reason: reason)
        }
    }
}
