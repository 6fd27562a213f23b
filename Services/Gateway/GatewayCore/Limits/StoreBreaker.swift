/// Decides whether the store is asked, as a value: a store that does not answer in time costs every
/// call its budget, so it is left alone for a while.
///
/// Closed until five answers in a row, or half of the last twenty, were late or failed; then open for a
/// quarter of a second, up to 0.4 s after further failures. One question alone is asked when that
/// is over, and only if there is a connection to ask it on; its answer closes the breaker.
struct StoreBreaker {
    enum Turn: Hashable {
        /// Ask, and tell the breaker of the answer with this number.
        case ask(epoch: Int)
        case leave
    }

    private enum State {
        case closed
        case open(until: Int64)
        case probing
    }

    private var state = State.closed
    /// Counts openings: an answer to a question from before one says nothing about now.
    private(set) var epoch = 0
    private var inARow = 0
    /// The last twenty answers, the newest in the lowest bit; set if late or failed.
    private var history: UInt32 = 0
    private var pause = Self.firstPause

    static let failuresInARow = 5
    static let remembered = 20
    static let firstPause: Int64 = 250_000_000
    /// Twice this with its jitter is still less than a second: the store is used again by then, even if
    /// the first probe that finds it comes late.
    static let longestPause: Int64 = 400_000_000

    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// For the metric: 0 closed, 1 open, 2 probing.
    var number: Int {
        switch state {
        case .closed: 0
        case .open: 1
        case .probing: 2
        }
    }

    /// - Parameter now: nanoseconds of a monotonic clock.
    mutating func next(at now: Int64, isReady: Bool) -> Turn {
        switch state {
        case .closed: return .ask(epoch: epoch)
        case .probing: return .leave
        case .open(let until):
            guard now >= until, isReady else { return .leave }
            state = .probing
            epoch += 1
            return .ask(epoch: epoch)
        }
    }

    mutating func succeeded(_ asked: Int) {
        guard asked == epoch else { return }
        switch state {
        case .closed:
            inARow = 0
            history <<= 1
        case .probing:
            state = .closed
            (inARow, history, pause) = (0, 0, Self.firstPause)
        case .open: break
        }
    }

    /// - Parameter entropy: a random number, for the jitter.
    mutating func failed(_ asked: Int, at now: Int64, entropy: UInt64) {
        guard asked == epoch else { return }
        switch state {
        case .closed:
            inARow += 1
            history = history << 1 | 1
            let recent = history & (1 << UInt32(Self.remembered) - 1)
            if inARow >= Self.failuresInARow || recent.nonzeroBitCount * 2 >= Self.remembered {
                open(at: now, entropy)
            }
        case .probing:
            pause = min(pause * 2, Self.longestPause)
            open(at: now, entropy)
        case .open: break
        }
    }

    /// Up to a fifth more or less, so that replicas do not come back together.
    private mutating func open(at now: Int64, _ entropy: UInt64) {
        let jitter = Int64(entropy % UInt64(pause * 2 / 5 + 1)) - pause / 5
        state = .open(until: now + pause + jitter)
        epoch += 1
    }
}
