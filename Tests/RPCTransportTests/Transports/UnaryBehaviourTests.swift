import RPC
import RPCTransport
import Synchronization
import Testing

@Suite("Unary calls, over a socket and within the process", .serialized)
struct UnaryBehaviourTests {
    @Test("messages come back as they were sent", arguments: TransportUnderTest.allCases)
    func echo(_ transport: TransportUnderTest) async throws {
        try await transport.run { ends in
            for size in [0, 1, 3, 900_000] {
                let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                try await ends.expectEcho(EchoService.say, payload)
                if size < 50 {
                    try await ends.expectEcho(EchoService.small, payload)
                }
            }
        }
    }

    @Test(
        "five hundred calls at once get each its own answer", arguments: TransportUnderTest.allCases
    )
    func concurrent(_ transport: TransportUnderTest) async throws {
        var profile = RPCProfile.mesh
        profile.overload = nil
        try await transport.run(profile: profile) { ends in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<500 {
                    let payload = Array("call \(index)".utf8)
                    group.addTask { try await ends.call(EchoService.say, payload) == payload }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test(
        "metadata goes both ways, without the protocol's own",
        arguments: TransportUnderTest.allCases)
    func metadata(_ transport: TransportUnderTest) async throws {
        let service = EchoService { request, context in
            #expect(context.metadata["x-note"] == "a")
            #expect(context.metadata.bytes("x-key-bin") == [0, 255, 7])
            #expect(context.metadata["grpc-secret"] == nil)
            #expect(context.metadata["content-type"] == nil)
            context.addReplyHeaders(["x-early": "b"])
            context.addReplyTrailers(["x-late": "c", "grpc-status": "13"])
            return request
        }
        try await transport.run([service]) { ends in
            var sent: Metadata = ["x-note": "a", "grpc-secret": "x"]
            sent.append("x-key-bin", bytes: [0, 255, 7])
            let received = ReceivedMetadata()
            _ = try await ends.call(
                EchoService.custom, options: CallOptions(metadata: sent, received: received))
            #expect(received.headers == ["x-early": "b"])
            #expect(received.trailers == ["x-late": "c"])
            let named = try await ends.failure(
                EchoService.custom, options: CallOptions(metadata: ["x note": "a"]))
            #expect(named.code == .internal)
        }
    }

    @Test(
        "an error keeps code, message, reason, details and pushback",
        arguments: TransportUnderTest.allCases)
    func errors(_ transport: TransportUnderTest) async throws {
        let violations = [FieldViolation(field: "/a/b", description: "too ärgerlich 100%")]
        let service = EchoService { _, context in
            context.addReplyTrailers(["x-late": "c"])
            throw RPCError(
                code: .failedPrecondition, message: "nicht möglich: 5 % zu viel\n",
                reason: "TOO_MUCH", details: [.badRequest(violations)],
                retryAfter: .milliseconds(1_500))
        }
        try await transport.run([service]) { ends in
            let received = ReceivedMetadata()
            let error = try await ends.failure(
                EchoService.custom, options: CallOptions(received: received))
            #expect(error.code == .failedPrecondition)
            #expect(error.message.hasSuffix("nicht möglich: 5 % zu viel\n"))
            #expect(error.reason == "TOO_MUCH")
            #expect(error.details == [.badRequest(violations)])
            #expect(error.retryAfter == .milliseconds(1_500))
            #expect(received.trailers == ["x-late": "c"])
        }
    }

    @Test(
        "what is not an RPCError becomes UNKNOWN, without its text",
        arguments: TransportUnderTest.allCases)
    func foreignError(_ transport: TransportUnderTest) async throws {
        struct Secret: Error { let password = "hunter2" }
        try await transport.run([EchoService { _, _ in throw Secret() }]) { ends in
            let error = try await ends.failure(EchoService.custom)
            #expect(error.code == .unknown)
            #expect(error.message.hasSuffix("internal error"))
            #expect(error.cause == nil)
        }
    }

    @Test("a method that nobody offers is UNIMPLEMENTED", arguments: TransportUnderTest.allCases)
    func unknownMethod(_ transport: TransportUnderTest) async throws {
        try await transport.run { ends in
            let error = try await ends.failure(EchoService.method("Nothing"))
            #expect(error.code == .unimplemented)
            // The server knows it with streams.
            let wrongKind = MethodDescriptor(
                path: StreamService.watch.path, kind: .unary, access: .public,
                maximumRequestBytes: 100, maximumResponseBytes: 100)
            await #expect(throws: RPCError.self) { try await ends.call(wrongKind) }
        }
    }

    @Test("each side keeps to its own limits", arguments: TransportUnderTest.allCases)
    func limits(_ transport: TransportUnderTest) async throws {
        let service = EchoService { _, _ in EchoMessage(payload: Array(repeating: 1, count: 2_000))
        }
        try await transport.run([service]) { ends in
            let generous = EchoService.method("Small")
            let strict = MethodDescriptor(
                path: EchoService.custom.path, kind: .unary, access: .public,
                maximumRequestBytes: 10, maximumResponseBytes: 1_000)
            for error in [
                // At the server, at the client on the way out, and on the way back.
                try await ends.failure(generous, Array(repeating: 7, count: 65)),
                try await ends.failure(strict, Array(repeating: 7, count: 20)),
                try await ends.failure(strict),
            ] {
                #expect(error.code == .resourceExhausted)
                #expect(error.reason == "MESSAGE_TOO_LARGE")
            }
            try await ends.expectEcho(EchoService.say, [5])
        }
    }

    @Test(
        "more metadata than the profile allows is refused", arguments: TransportUnderTest.allCases)
    func metadataLimit(_ transport: TransportUnderTest) async throws {
        try await transport.run { ends in
            let error = try await ends.failure(
                EchoService.say,
                options: CallOptions(
                    metadata: ["x-long": String(repeating: "a", count: 20_000)]))
            #expect(error.code == .resourceExhausted)
            #expect(error.reason == "METADATA_TOO_LARGE")
            try await ends.expectEcho(EchoService.say, [5])
        }
    }

    @Test(
        "a scope is asked of the caller that metadata names", arguments: TransportUnderTest.allCases
    )
    func scopes(_ transport: TransportUnderTest) async throws {
        try await transport.run { ends in
            try await ends.expect(.unauthenticated, EchoService.guarded)
            let other = CallOptions(
                metadata: ["assay-tenant": "acme", "assay-scopes": "risk.assess"])
            try await ends.expect(.permissionDenied, EchoService.guarded, options: other)
            let allowed = CallOptions(
                metadata: ["assay-tenant": "acme", "assay-scopes": "a echo.say b"])
            let tenant = try await ends.call(EchoService.guarded, options: allowed)
            #expect(tenant == Array("acme".utf8))
        }
    }

    @Test(
        "interceptors of both sides are around a call, in order",
        arguments: TransportUnderTest.allCases)
    func interceptors(_ transport: TransportUnderTest) async throws {
        let journal = Journal()
        let service = EchoService { request, context in
            journal.note("handler \(context.metadata["x-by"] ?? "")")
            return request
        }
        try await transport.run(
            [service],
            interceptors: Journaling(name: "c", journal).then(Journaling(name: "d", journal)),
            around: Journaling(name: "a", journal).then(Journaling(name: "b", journal))
        ) { ends in
            _ = try await ends.call(EchoService.custom)
            #expect(
                journal.take() == ["a>", "b>", "c>", "d>", "handler ab", "<d", "<c", "<b", "<a"])
            try await ends.expect(.unimplemented, EchoService.method("Nothing"))
            #expect(journal.take() == ["a>", "b>", "<b UNIMPLEMENTED", "<a UNIMPLEMENTED"])
        }
    }

    @Test("nobody serves: UNAVAILABLE, and the handlers do not hear of it")
    func nobody() async throws {
        for mode in InProcessTransport.Mode.allCases {
            let link = InProcessTransport(mode)
            let client = link.client()
            func say() async throws -> EchoMessage {
                try await client.unary(
                    EchoService.custom, EchoMessage(),
                    options: CallOptions(allowsRetry: false, waitsForReady: false))
            }
            func expectUnavailable() async {
                let error = await #expect(throws: RPCError.self) { try await say() }
                #expect(error?.code == .unavailable)
                #expect(error?.message.hasPrefix("in-process: ") == true)
                let late = await #expect(throws: RPCError.self) {
                    try await client.bidirectional(StreamService.converse) {
                        (_: RequestWriter<EchoMessage>, replies: ReplyStream<EchoMessage>) in
                        for try await _ in replies {}
                    }
                }
                #expect(late?.code == .unavailable)
            }
            await expectUnavailable()
            let server = RPCServer(listeners: [.inProcess(link)], services: [EchoService()])
            try await server.start()
            let second = RPCServer(listeners: [.inProcess(link)], services: [EchoService()])
            await #expect(throws: RPCError.self) { try await second.start() }
            await second.shutdown(grace: .zero)
            let patient: EchoMessage = try await client.unary(
                EchoService.say, EchoMessage(payload: [1]),
                options: CallOptions(waitsForReady: true))
            #expect(patient.payload == [1])
            await server.shutdown(grace: .zero)
            await expectUnavailable()
        }
    }
}

/// Lines that several write, in order.
final class Journal: Sendable {
    private let lines = Mutex<[String]>([])

    func note(_ line: String) { lines.withLock { $0.append(line) } }

    /// All lines since the last time.
    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}

/// Writes down when calls pass, and says so in their metadata.
struct Journaling: ServerInterceptor, ClientInterceptor {
    let name: String
    let journal: Journal

    init(name: String, _ journal: Journal) {
        self.name = name
        self.journal = journal
    }

    func intercept<Call: HandlerCall>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        try await noting { try await next(call) }
    }

    func intercept<Call: CallAttempt>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        var call = call
        let before = call.metadata["x-by"] ?? ""
        call.metadata.removeAll("x-by")
        call.metadata.append("x-by", before + name)
        let named = call
        return try await noting { try await next(named) }
    }

    private nonisolated(nonsending) func noting<Reply>(
        _ body: nonisolated(nonsending) () async throws -> Reply
    ) async throws -> Reply {
        journal.note("\(name)>")
        do {
            let reply = try await body()
            journal.note("<\(name)")
            return reply
        } catch let error as RPCError {
            journal.note("<\(name) \(error.code)")
            throw error
        }
    }
}
