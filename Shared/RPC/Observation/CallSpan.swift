internal import Synchronization

/// A call, or an attempt of one, that belongs to a trace while it goes on: recorded, or only named.
public final class CallSpan: Sendable {
    public enum Kind: Sendable, Hashable { case server, client }

    /// What calls made on behalf of this one continue.
    public let context: TraceContext
    /// Nil at the root of a trace.
    public let parentSpanID: UInt64?
    public let kind: Kind
    public let startedAt: Instant

    package init(
        _ context: TraceContext, parentSpanID: UInt64?, kind: Kind, startedAt: Instant
    ) {
        self.context = context
        self.parentSpanID = parentSpanID
        self.kind = kind
        self.startedAt = startedAt
    }
}

/// A span that is over.
public struct FinishedSpan: Sendable {
    public let span: CallSpan
    /// "package.Service/Method", or `unknown`.
    public let name: String
    public let endedAt: Instant
    public let code: StatusCode
    /// What tells apart attempts and ends, by the names of OpenTelemetry's conventions.
    public let attributes: [(name: String, value: String)]

    package init(
        span: CallSpan, name: String, endedAt: Instant, code: StatusCode,
        attributes: [(name: String, value: String)]
    ) {
        self.span = span
        self.name = name
        self.endedAt = endedAt
        self.code = code
        self.attributes = attributes
    }
}

/// Spans that wait to be exported. When it is full the oldest goes, since what happens now matters more.
public final class SpanQueue: Sendable {
    private struct State {
        var spans: [FinishedSpan?] = []
        var first = 0
        var count = 0
        var dropped = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    public init(capacity: Int = 8_192) {
        precondition(capacity > 0, "room for a span")
        self.capacity = capacity
    }

    package func add(_ span: FinishedSpan) {
        state.withLock { state in
            if state.spans.isEmpty { state.spans = Array(repeating: nil, count: capacity) }
            if state.count == capacity {
                state.spans[state.first] = span
                state.first = (state.first + 1) % capacity
                state.dropped += 1
            } else {
                state.spans[(state.first + state.count) % capacity] = span
                state.count += 1
            }
        }
    }

    /// Removes the oldest spans, `most` of them, and says how many were dropped since it was last asked.
    public func take(most: Int) -> (spans: [FinishedSpan], dropped: Int) {
        state.withLock { state in
            let count = min(most, state.count)
            let taken = (0..<count).compactMap { offset in
                state.spans[(state.first + offset) % capacity].take()
            }
            state.first = (state.first + count) % capacity
            state.count -= count
            defer { state.dropped = 0 }
            return (taken, state.dropped)
        }
    }

    public var count: Int { state.withLock(\.count) }
}

/// Decides on each loop which calls are recorded, and names their spans.
struct Tracer {
    private var generator: SeededGenerator
    /// Of the calls that come without a trace: 0 to 2⁶⁴ − 1.
    private let threshold: UInt64

    init(rootSampling: Double, generator: SeededGenerator) {
        self.generator = generator
        let share = min(max(rootSampling, 0), 1)
        threshold = share >= 1 ? .max : UInt64(share * 0x1p64)
    }

    /// Whether a call without a trace may begin one.
    var beginsTraces: Bool { threshold > 0 }

    /// The span of a call whose caller's context is `parent`; nil if the call is not recorded.
    mutating func begin(
        _ parent: TraceContext?, _ kind: CallSpan.Kind, at now: Instant
    ) -> CallSpan? {
        guard var context = parent else { return root(kind, at: now) }
        guard context.isSampled else { return nil }
        context.spanID = newID()
        return CallSpan(context, parentSpanID: parent?.spanID, kind: kind, startedAt: now)
    }

    private mutating func root(_ kind: CallSpan.Kind, at now: Instant) -> CallSpan? {
        if threshold == 0 || generator.next() > threshold { return nil }
        let context = TraceContext(
            traceHigh: newID(), traceLow: newID(), spanID: newID(), isSampled: true)
        return CallSpan(context, parentSpanID: nil, kind: kind, startedAt: now)
    }

    /// A name for a call that is not recorded.
    mutating func unrecorded(at now: Instant) -> CallSpan {
        let context = TraceContext(
            traceHigh: newID(), traceLow: newID(), spanID: newID(), isSampled: false)
        return CallSpan(context, parentSpanID: nil, kind: .server, startedAt: now)
    }

    private mutating func newID() -> UInt64 { max(1, generator.next()) }
}
