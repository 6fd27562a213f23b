internal import Synchronization

/// What a process knows of its calls, as servers and clients tell it: one for the process, given to
/// each `RPCServer` and `RPCClient`.
///
/// Every event loop counts for itself; reading adds up. Logs and spans are made for the calls that are
/// chosen for it, and for no other.
public final class RPCTelemetry: Sendable {
    public struct Settings: Sendable {
        public var log = CallLogPolicy()
        /// The share of calls without a trace of their caller's that begin one.
        public var rootSampling = 0.0
        /// Gives every call without a trace a name to be found by in all logs, recorded or not: for
        /// the process that calls come to first.
        public var namesTraces = false
        /// Of the names of traces and spans.
        public var seed: UInt64

        public init(seed: UInt64 = .random(in: 0 ... .max)) { self.seed = seed }

        /// Writes every call down: for tests.
        public static var everything: Settings {
            var settings = Settings()
            settings.log = .everything
            return settings
        }
    }

    /// The methods that have names in metrics; all others are `unknown`.
    public let methods: [MethodDescriptor]
    public let settings: Settings
    public let events = RuntimeEvents()
    public let exemplars = Exemplars()
    /// Nil if nothing is recorded for traces.
    public let spans: SpanQueue?
    private let observer: (any CallObserver)?
    private let table: PathTable
    private let state: Mutex<State>

    private struct State {
        var servers: [ServerMeter] = []
        var clients: [String: [ClientMeter]] = [:]
        /// By the number of the method.
        var outliving: [Int: Int] = [:]
        /// How often each trouble happened, by its kind and the number of the method.
        var troubles: [HandlerTrouble.Kind: [Int: Int]] = [:]
        var problems: LineLimit
        var successes: LineLimit
        var generator: SeededGenerator
    }

    /// - Parameters:
    ///   - methods: those of the schemas.
    ///   - log: gets the calls that `settings.log` chooses.
    ///   - spans: nil records none.
    public init(
        methods: [MethodDescriptor], settings: Settings = Settings(),
        log: (any CallObserver)? = nil, spans: SpanQueue? = nil
    ) {
        self.methods = methods
        self.settings = settings
        self.spans = spans
        observer = log
        table = PathTable(methods.map(\.path))
        let lines = settings.log.linesPerSecond
        state = Mutex(
            State(
                problems: LineLimit(perSecond: lines), successes: LineLimit(perSecond: lines),
                generator: SeededGenerator(seed: settings.seed)))
    }

    /// The name of all methods that are not in `methods`.
    public static let unknownMethod = "unknown"

    /// The method's label: "package.Service/Method".
    public func label(_ method: Int) -> String {
        method < methods.count ? String(methods[method].path.dropFirst()) : Self.unknownMethod
    }

    /// The number of the method with these bytes as its path; that of `unknown` if there is none.
    func number(ofPath path: UnsafeRawBufferPointer) -> Int {
        table.index(of: path) ?? methods.count
    }

    /// The same for a request's target, which may have a query behind the path.
    func number(of target: String) -> Int {
        var path = target
        let found = path.withUTF8 { self.number(ofPath: UnsafeRawBufferPointer($0)) }
        guard found == methods.count, let end = target.firstIndex(of: "?") else { return found }
        return number(of: String(target[..<end]))
    }

    // MARK: The halves that belong to event loops

    /// What a server's connections on one event loop tell.
    ///
    /// - Parameter routes: the methods that its handler's routes stand for, in their order.
    package func server(routes: [MethodDescriptor]) -> ServerTelemetry {
        let meter = ServerMeter(methods: methods.count)
        let seed = state.withLock { state in
            state.servers.append(meter)
            return state.generator.next()
        }
        return ServerTelemetry(self, meter, routes: routes.map { number(of: $0.path) }, seed: seed)
    }

    /// What a client's calls on one event loop tell.
    package func client(target: String) -> ClientTelemetry {
        let meter = ClientMeter(methods: methods.count, target: target)
        let seed = state.withLock { state in
            state.clients[target, default: []].append(meter)
            return state.generator.next()
        }
        return ClientTelemetry(self, meter, seed: seed)
    }

    // MARK: Reading

    public var serverMeters: [ServerMeter] { state.withLock(\.servers) }
    /// By target.
    public var clientMeters: [String: [ClientMeter]] { state.withLock(\.clients) }

    /// Handlers that run now although they were cancelled 10 s ago or longer, by the number of the
    /// method. A method that ever had one stays.
    public var outlivingHandlers: [Int: Int] { state.withLock(\.outliving) }

    func outliving(_ method: Int, by change: Int) {
        state.withLock { $0.outliving[method, default: 0] += change }
    }

    // MARK: Logs

    var isLogging: Bool { observer != nil }

    /// Writes a call down, unless too much was written lately.
    func log(_ record: @autoclosure () -> CallRecord, isProblem: Bool, at now: Instant) {
        guard let observer else { return }
        let isAllowed = state.withLock { state in
            isProblem ? state.problems.allows(at: now) : state.successes.allows(at: now)
        }
        if isAllowed {
            observer.callEnded(record())
        } else {
            events.count(.logLinesDropped, isProblem ? "problem" : "success")
        }
    }

    /// Counts a trouble, and writes it down at the powers of two.
    func note(_ kind: HandlerTrouble.Kind, _ method: Int, for duration: Duration? = nil) {
        guard let observer else { return }
        let count = state.withLock { state in
            state.troubles[kind, default: [:]][method, default: 0] += 1
            return state.troubles[kind]?[method] ?? 0
        }
        guard count & (count - 1) == 0 else { return }
        observer.noticed(
            HandlerTrouble(kind: kind, method: label(method), duration: duration, count: count))
    }

    // MARK: Traces

    func finished(
        _ span: CallSpan, _ method: Int, _ code: StatusCode, at now: Instant,
        _ attributes: [(name: String, value: String)]
    ) {
        spans?.add(
            FinishedSpan(
                span: span, name: label(method), endedAt: now, code: code, attributes: attributes))
    }
}

/// For each series of a duration the last call of each range that belongs to a recorded trace.
public final class Exemplars: Sendable {
    public struct Key: Sendable, Hashable {
        public let metric: String
        public let target: String?
        public let method: Int
        public let status: StatusCode
        /// The place of the range in its layout.
        public let range: Int

        public init(
            metric: String, target: String?, method: Int, status: StatusCode, range: Int
        ) {
            self.metric = metric
            self.target = target
            self.method = method
            self.status = status
            self.range = range
        }
    }

    public struct Value: Sendable, Hashable {
        public let traceID: String
        public let seconds: Double
    }

    static let maximum = 4_096

    private let values = Mutex<[Key: Value]>([:])

    init() {}

    func note(
        _ metric: String, target: String?, _ method: Int, _ status: StatusCode,
        took nanoseconds: UInt64, of trace: TraceContext
    ) {
        let key = Key(
            metric: metric, target: target, method: method, status: status,
            range: HistogramLayout.time.range(of: nanoseconds))
        let value = Value(traceID: trace.traceID, seconds: Double(nanoseconds) * 1e-9)
        values.withLock { values in
            if values[key] == nil, values.count >= Self.maximum { return }
            values[key] = value
        }
    }

    public var all: [Key: Value] { values.withLock { $0 } }
}
