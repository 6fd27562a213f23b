import AssayMessages
import RPC
import RPCTransport
import Synchronization
import Testing

/// What happened, in order.
final class Journal: Sendable {
    private let lines = Mutex<[String]>([])
    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

/// Writes down its name on the way in, and its name and how it went on the way out.
private struct Noting: ServerInterceptor, ClientInterceptor {
    let name: String
    let journal: Journal

    func intercept<Call: HandlerCall>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        journal.note("\(name)> \(call.method.name)")
        do {
            let reply = try await next(call)
            journal.note("\(name)<")
            return reply
        } catch {
            journal.note("\(name)! \((error as? RPCError)?.code.description ?? "\(error)")")
            throw error
        }
    }

    func intercept<Call: CallAttempt>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        var call = call
        call.metadata.append("x-\(name)", "\(call.attempt)")
        journal.note("\(name)> \(call.attempt)")
        do {
            let reply = try await next(call)
            journal.note("\(name)<")
            return reply
        } catch {
            journal.note("\(name)! \((error as? RPCError)?.code.description ?? "\(error)")")
            throw error
        }
    }
}

/// Turns every call away, or the first few.
private struct Refusing: ServerInterceptor, ClientInterceptor {
    let left: Counter

    func intercept<Call: HandlerCall>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        if left.take() { throw RPCError(.permissionDenied, "not today") }
        return try await next(call)
    }

    func intercept<Call: CallAttempt>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        if left.take() { throw RPCError(.unavailable, "not yet") }
        return try await next(call)
    }
}

/// Runs one call through all kinds with metadata of the context changed.
private struct Renaming: ServerInterceptor {
    func intercept<Call: HandlerCall>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        var call = call
        call.context = ServerContext(
            method: call.method, deadline: call.context.deadline,
            caller: Caller(tenant: "renamed", client: ""))
        return try await next(call)
    }
}

final class Counter: Sendable {
    private let value: Mutex<Int>
    init(_ value: Int) { self.value = Mutex(value) }
    /// Whether one was left.
    func take() -> Bool {
        value.withLock { value in
            value -= 1
            return value >= 0
        }
    }
}

/// Answers each kind of call; the first `failures` calls are turned away with UNAVAILABLE.
private struct Flaky: RPCService {
    var journal = Journal()
    var failures = Counter(0)

    func register(in registry: inout MethodRegistry) {
        registry.unary(BenchV1.Echo.say) { (request: BenchV1.EchoMessage, context) in
            try enter(context)
            return request
        }
        registry.serverStreaming(GRPCHealthV1.Health.watch) {
            (
                request: GRPCHealthV1.HealthCheckRequest,
                replies: ReplyWriter<GRPCHealthV1.HealthCheckResponse>, context
            ) in
            try enter(context)
            for _ in 0..<3 {
                try await replies.write(GRPCHealthV1.HealthCheckResponse(status: .serving))
            }
            if request.service == "fail" { throw RPCError(.unavailable, "in the middle") }
        }
        registry.bidirectional(GRPCReflectionV1.ServerReflection.serverReflectionInfo) {
            (
                requests: RequestStream<GRPCReflectionV1.ServerReflectionRequest>,
                replies: ReplyWriter<GRPCReflectionV1.ServerReflectionResponse>, context
            ) in
            var requests = requests.makeAsyncIterator()
            let first = try await requests.next()
            try enter(context)
            var next = first
            while let request = next {
                try await replies.write(
                    GRPCReflectionV1.ServerReflectionResponse(validHost: request.host))
                next = try await requests.next()
            }
        }
        registry.clientStreaming(BenchV1.Streaming.collect) {
            (requests: RequestStream<BenchV1.EchoMessage>, context) in
            try enter(context)
            return try await requests.reduce(into: BenchV1.CollectSummary()) { sum, _ in
                sum.messages += 1
            }
        }
    }

    private func enter(_ context: ServerContext) throws {
        let names = ["x-a", "x-b", "grpc-previous-rpc-attempts"]
        let seen = names.compactMap { name in context.metadata[name].map { "\(name)=\($0)" } }
        journal.note("handler \(context.caller.tenant)\(seen.joined(separator: ","))")
        if failures.take() { throw RPCError(.unavailable, "come again") }
    }
}

@Suite("Interceptors and further attempts of streams")
struct InterceptorTests {
    private typealias Health = GRPCHealthV1.Health

    private static func with(
        _ service: Flaky, server interceptors: (any ServerInterceptor)? = nil,
        client clientInterceptors: (any ClientInterceptor)? = nil,
        _ body: (any ClientTransport) async throws -> Void
    ) async throws {
        let link = InProcessTransport(.encoded)
        let server = RPCServer(
            listeners: [.inProcess(link)], services: [service],
            authorizer: ScopeAuthorizer(openScopes: ["assay.reflection"]),
            interceptors: interceptors)
        try await server.start()
        do {
            try await body(link.client(interceptors: clientInterceptors))
        } catch {
            Issue.record(error)
        }
        await server.shutdown(grace: .milliseconds(200))
    }

    /// One call of each kind.
    private static func callAll(_ client: any ClientTransport) async throws {
        _ = try await BenchV1.Echo.Client(client).say(BenchV1.EchoMessage(payload: [1]))
        let count = try await Health.Client(client).watch(GRPCHealthV1.HealthCheckRequest()) {
            try await $0.reduce(0) { sum, _ in sum + 1 }
        }
        #expect(count == 3)
        let sum = try await BenchV1.Streaming.Client(client).collect { requests in
            for _ in 0..<5 { try await requests.write(BenchV1.EchoMessage(payload: [1])) }
        }
        #expect(sum.messages == 5)
        let hosts = try await converse(client, hosts: ["p", "q"])
        #expect(hosts == ["p", "q"])
    }

    private static func converse(_ client: any ClientTransport, hosts: [String]) async throws
        -> [String]
    {
        let reflection = GRPCReflectionV1.ServerReflection.Client(client)
        return try await reflection.serverReflectionInfo { requests, replies in
            for host in hosts {
                try await requests.write(GRPCReflectionV1.ServerReflectionRequest(host: host))
            }
            requests.finish()
            return try await replies.reduce(into: []) { $0.append($1.validHost) }
        }
    }

    @Test(
        "a server's interceptors run in declared order in, in reverse order out, for all four kinds"
    )
    func serverOrder() async throws {
        let journal = Journal()
        let chain: ServerInterceptorPair<Noting, Noting> = Noting(name: "a", journal: journal).then(
            Noting(name: "b", journal: journal))
        try await Self.with(Flaky(), server: chain) { try await Self.callAll($0) }
        let expected = ["Say", "Watch", "Collect", "ServerReflectionInfo"].flatMap { name in
            ["a> \(name)", "b> \(name)", "b<", "a<"]
        }
        #expect(journal.all == expected)
    }

    @Test("an interceptor of the server can refuse a call, and change what the handler knows")
    func serverChanges() async throws {
        let service = Flaky()
        let chain = Refusing(left: Counter(1)).then(Renaming())
        try await Self.with(service, server: chain) { client in
            let error = await #expect(throws: RPCError.self) {
                try await BenchV1.Echo.Client(client).say(BenchV1.EchoMessage(payload: [1]))
            }
            #expect(error?.code == .permissionDenied)
            try await Self.callAll(client)
        }
        #expect(service.journal.all == Array(repeating: "handler renamed", count: 4))
    }

    @Test("a server's interceptors see how a call failed, also in the middle of a stream")
    func serverFailures() async throws {
        let journal = Journal()
        let service = Flaky(failures: Counter(1))
        try await Self.with(service, server: Noting(name: "a", journal: journal)) { client in
            await #expect(throws: RPCError.self) {
                try await BenchV1.Echo.Client(client).say(
                    BenchV1.EchoMessage(payload: [1]), options: CallOptions(allowsRetry: false))
            }
            await #expect(throws: RPCError.self) {
                try await Health.Client(client).watch(
                    GRPCHealthV1.HealthCheckRequest(service: "fail")
                ) { for try await _ in $0 {} }
            }
        }
        #expect(journal.all == ["a> Say", "a! UNAVAILABLE", "a> Watch", "a! UNAVAILABLE"])
    }

    @Test("a client's interceptors see every attempt of a unary call, and change its metadata")
    func clientAttempts() async throws {
        let journal = Journal()
        let service = Flaky(failures: Counter(2))
        let chain: ClientInterceptorPair<Noting, Noting> = Noting(name: "a", journal: journal).then(
            Noting(name: "b", journal: journal))
        try await Self.with(service, client: chain) { client in
            _ = try await BenchV1.Echo.Client(client).say(BenchV1.EchoMessage(payload: [1]))
        }
        let failed = { (n: Int) in ["a> \(n)", "b> \(n)", "b! UNAVAILABLE", "a! UNAVAILABLE"] }
        #expect(journal.all == failed(0) + failed(1) + ["a> 2", "b> 2", "b<", "a<"])
        #expect(
            service.journal.all == [
                "handler x-a=0,x-b=0", "handler x-a=1,x-b=1", "handler x-a=2,x-b=2",
            ])
    }

    @Test("a client's interceptors see every attempt of a stream, whole")
    func clientStreams() async throws {
        let journal = Journal()
        let service = Flaky(failures: Counter(1))
        try await Self.with(service, client: Noting(name: "a", journal: journal)) { client in
            let hosts = try await Self.converse(client, hosts: ["p", "q", "r"])
            #expect(hosts == ["p", "q", "r"])
            try await Self.callAll(client)
        }
        let calls = ["a> 0", "a! UNAVAILABLE", "a> 1", "a<"]
        #expect(
            journal.all == calls + ["a> 0", "a<", "a> 0", "a<", "a> 0", "a<", "a> 0", "a<"])
    }

    @Test("an attempt that an interceptor refuses is repeated like any other")
    func clientRefusal() async throws {
        let service = Flaky()
        try await Self.with(service, client: Refusing(left: Counter(1))) { client in
            _ = try await BenchV1.Echo.Client(client).say(BenchV1.EchoMessage(payload: [1]))
        }
        #expect(service.journal.all == ["handler "])
        try await Self.with(service, client: Refusing(left: Counter(100))) { client in
            let error = await #expect(throws: RPCError.self) {
                try await BenchV1.Streaming.Client(client).collect { _ in }
            }
            #expect(error?.code == .unavailable)
        }
        #expect(service.journal.all == ["handler "])
    }

    @Test(
        "without interceptors a stream is repeated where the schema allows it, from its beginning")
    func streamRetry() async throws {
        let service = Flaky(failures: Counter(2))
        try await Self.with(service) { client in
            let hosts = (0..<50).map { "host-\($0)" }
            let answers = try await Self.converse(client, hosts: hosts)
            #expect(answers == hosts)
        }
        #expect(service.journal.all.count == 3)
    }

    @Test("a stream that may not be repeated is tried once; one whose replies have begun too")
    func noStreamRetry() async throws {
        let service = Flaky(failures: Counter(1))
        try await Self.with(service) { client in
            let error = await #expect(throws: RPCError.self) {
                try await BenchV1.Streaming.Client(client).collect { _ in }
            }
            #expect(error?.code == .unavailable)
            var seen = 0
            let late = await #expect(throws: RPCError.self) {
                try await Health.Client(client).watch(
                    GRPCHealthV1.HealthCheckRequest(service: "fail")
                ) { for try await _ in $0 { seen += 1 } }
            }
            #expect(late?.message.contains("in the middle") == true)
            #expect(seen == 3)
        }
        #expect(service.journal.all.count == 2)
    }

    @Test("more than 256 KiB of a stream's requests are not kept: then it is tried once")
    func largeStream() async throws {
        let service = Flaky(failures: Counter(1))
        try await Self.with(service) { client in
            let host = String(repeating: "h", count: 60_000)
            let error = await #expect(throws: RPCError.self) {
                let reflection = GRPCReflectionV1.ServerReflection.Client(client)
                try await reflection.serverReflectionInfo { requests, replies in
                    for _ in 0..<8 {
                        try await requests.write(
                            GRPCReflectionV1.ServerReflectionRequest(host: host))
                    }
                    for try await _ in replies {}
                }
            }
            #expect(error?.code == .unavailable)
        }
        #expect(service.journal.all.count == 1)
    }

    @Test("leaving a stream while it waits for its next attempt ends it")
    func leave() async throws {
        let service = Flaky(failures: Counter(100))
        try await Self.with(service) { client in
            let task = Task { try await Self.converse(client, hosts: ["p"]) }
            while service.journal.all.isEmpty { await Task.yield() }
            task.cancel()
            await #expect(throws: (any Error).self) { try await task.value }
        }
    }
}
