import AssayMessages
import RPC
import RPCTransport
import Synchronization
import Testing
import Wire

@Suite("Unary calls over real sockets")
struct UnaryCallTests {
    func say(_ client: RPCClient, _ payload: [UInt8]) async throws -> [UInt8] {
        let reply: EchoMessage = try await client.unary(
            EchoService.say, EchoMessage(payload: payload))
        return reply.payload
    }

    func expectEcho(_ client: RPCClient, _ payload: [UInt8]) async throws {
        let reply = try await say(client, payload)
        #expect(reply == payload)
    }

    @Test("a message comes back as it was sent")
    func echo() async throws {
        try await TestServer.run { client, _ in
            try await expectEcho(client, [1, 2, 3])
            try await expectEcho(client, [])
        }
    }

    @Test("a message larger than all windows comes back whole")
    func large() async throws {
        let payload = (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await TestServer.run { client, _ in
            try await expectEcho(client, payload)
        }
    }

    @Test("a thousand calls at once all get their own answer")
    func concurrent() async throws {
        var profile = RPCProfile.mesh
        profile.overload = OverloadPolicy(maximumHandlers: 1_000, maximumWait: .seconds(5))
        try await TestServer.run(profile: profile) { _, server in
            // On one loop, since each loop has its share of the calls that may wait for a connection.
            let client = try RPCClient(server.target, group: server.group)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<1_000 {
                    let payload = Array("call \(index)".utf8)
                    group.addTask { try await say(client, payload) == payload }
                }
                for try await isRight in group { #expect(isRight) }
            }
            await client.close()
        }
    }

    @Test("an error keeps code, message, reason, details and retry information")
    func richError() async throws {
        let violations = [FieldViolation(field: "/a/b", description: "too ärgerlich 100%")]
        let service = EchoService { _, _ in
            throw RPCError(
                code: .failedPrecondition, message: "nicht möglich: 5 % zu viel\n",
                reason: "TOO_MUCH", details: [.badRequest(violations)],
                retryAfter: .milliseconds(1_500))
        }
        try await TestServer.run(service) { client, _ in
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(EchoService.custom, EchoMessage())
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message.hasSuffix("nicht möglich: 5 % zu viel\n") == true)
            #expect(error?.reason == "TOO_MUCH")
            #expect(error?.details == [.badRequest(violations)])
            #expect(error?.retryAfter == .milliseconds(1_500))
        }
    }

    @Test("a foreign error becomes UNKNOWN; its text stays in the process")
    func foreignError() async throws {
        struct Secret: Error { let password = "hunter2" }
        let observer = RecordingObserver()
        let service = EchoService { _, _ in throw Secret() }
        try await TestServer.run(service, observer: observer) { client, _ in
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(EchoService.custom, EchoMessage())
            }
            #expect(error?.code == .unknown)
            #expect(error?.message.hasSuffix("internal error") == true)
            #expect(observer.all.last?.error is Secret)
        }
    }

    @Test("an unknown method is UNIMPLEMENTED")
    func unknownMethod() async throws {
        try await TestServer.run { client, _ in
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(
                    EchoService.method("Nothing"), EchoMessage())
            }
            #expect(error?.code == .unimplemented)
        }
    }

    @Test("a request over its method's limit is refused at the prefix")
    func tooLarge() async throws {
        try await TestServer.run { client, _ in
            let generous = EchoService.method("Small")
            for size in [65, 100_000] {
                let error = await #expect(throws: RPCError.self) {
                    let _: EchoMessage = try await client.unary(
                        generous, EchoMessage(payload: [UInt8](repeating: 7, count: size)))
                }
                #expect(error?.code == .resourceExhausted)
                #expect(error?.reason == "MESSAGE_TOO_LARGE")
            }
            // The connection lives on.
            try await expectEcho(client, [5])
        }
    }

    @Test("the caller's deadline ends a call on both sides")
    func deadline() async throws {
        let started = Gate()
        let cancelled = Gate()
        let service = EchoService { request, _ in
            started.open()
            await withTaskCancellationHandler {
                await cancelled.wait()
            } onCancel: {
                cancelled.open()
            }
            return request
        }
        try await TestServer.run(service) { client, _ in
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(
                    EchoService.custom, EchoMessage(),
                    options: CallOptions(deadline: .after(.milliseconds(30))))
            }
            #expect(error?.code == .deadlineExceeded)
            // On a busy machine the time may be over before the handler has begun.
            if started.isOpen { await cancelled.wait() }
        }
    }

    @Test("the method's deadline holds although the caller would wait longer")
    func methodDeadline() async throws {
        let started = Gate()
        let cancelled = Gate()
        let service = EchoService { request, _ in
            started.open()
            await withTaskCancellationHandler {
                await cancelled.wait()
            } onCancel: {
                cancelled.open()
            }
            return request
        }
        try await TestServer.run(service) { client, _ in
            let patient = EchoService.method("Quick", deadline: .seconds(60))
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(patient, EchoMessage())
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.reason == "EXPIRED")
            if started.isOpen { await cancelled.wait() }
        }
    }

    @Test("cancelling the caller's task cancels the handler")
    func cancellation() async throws {
        let started = Gate()
        let cancelled = Gate()
        let service = EchoService { request, _ in
            started.open()
            await withTaskCancellationHandler {
                await cancelled.wait()
            } onCancel: {
                cancelled.open()
            }
            return request
        }
        try await TestServer.run(service) { client, _ in
            let call = Task {
                let _: EchoMessage = try await client.unary(EchoService.custom, EchoMessage())
            }
            await started.wait()
            call.cancel()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            await cancelled.wait()
        }
    }

    @Test("a scope is checked against the caller that a believed peer names")
    func scopes() async throws {
        try await TestServer.run { client, _ in
            func call(_ metadata: Metadata) async throws -> [UInt8] {
                let reply: EchoMessage = try await client.unary(
                    EchoService.guarded, EchoMessage(), options: CallOptions(metadata: metadata))
                return reply.payload
            }
            let nobody = await #expect(throws: RPCError.self) { try await call([:]) }
            #expect(nobody?.code == .unauthenticated)
            let other = await #expect(throws: RPCError.self) {
                try await call(["assay-tenant": "acme", "assay-scopes": "risk.assess"])
            }
            #expect(other?.code == .permissionDenied)
            let payload = try await call(["assay-tenant": "acme", "assay-scopes": "a echo.say b"])
            #expect(payload == Array("acme".utf8))
        }
    }

    @Test("a call made inside a handler stays on the handler's thread")
    func nestedCall() async throws {
        let inner = try await TestServer()
        let client = try RPCClient(inner.target, group: inner.group)
        let threads = Mutex<Set<UInt64>>([])
        let service = EchoService { request, context in
            threads.withLock { _ = $0.insert(currentThread()) }
            let reply: EchoMessage = try await client.unary(
                EchoService.say, request, options: context.child)
            threads.withLock { _ = $0.insert(currentThread()) }
            return reply
        }
        try await TestServer.run(service) { outer, _ in
            let reply: EchoMessage = try await outer.unary(
                EchoService.custom, EchoMessage(payload: [9]))
            #expect(reply.payload == [9])
        }
        #expect(threads.withLock(\.count) == 1)
        await inner.stop(client)
    }

    @Test("UNAVAILABLE is retried for a method that changes nothing, and only for such")
    func retries() async throws {
        let attempts = Mutex(0)
        let service = EchoService { request, _ in
            let attempt = attempts.withLock { count in
                count += 1
                return count
            }
            if attempt < 3 { throw RPCError(.unavailable, "warming up") }
            return request
        }
        try await TestServer.run(service) { client, _ in
            let reply: EchoMessage = try await client.unary(
                EchoService.repeatable, EchoMessage(payload: [1]))
            #expect(reply.payload == [1])
            #expect(attempts.withLock { $0 } == 3)
            attempts.withLock { $0 = 0 }
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(EchoService.custom, EchoMessage())
            }
            #expect(error?.code == .unavailable)
            #expect(attempts.withLock { $0 } == 1)
        }
    }
}
