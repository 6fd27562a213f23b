import RPC
import RPCTransport
import Testing

@Suite("How calls end before their time, over a socket and within the process", .serialized)
struct EndBehaviourTests {
    /// A service whose unary handler waits until it is cancelled, and says so.
    private struct Waiting {
        let started = Gate()
        let cancelled = Gate()

        var service: EchoService {
            EchoService { request, _ in
                started.open()
                await untilCancelled()
                cancelled.open()
                return request
            }
        }
    }

    // MARK: Deadlines

    @Test(
        "the caller's deadline ends a call, and cancels its handler",
        arguments: TransportUnderTest.allCases)
    func deadline(_ transport: TransportUnderTest) async throws {
        let waiting = Waiting()
        try await transport.run([waiting.service]) { ends in
            let error = try await ends.failure(
                EchoService.custom, options: CallOptions(deadline: .after(.milliseconds(30))))
            #expect(error.code == .deadlineExceeded)
            // On a busy machine the time may be over before the handler has begun.
            if waiting.started.isOpen { await waiting.cancelled.wait() }
        }
    }

    @Test(
        "the method's deadline holds for who would wait longer",
        arguments: TransportUnderTest.allCases)
    func methodDeadline(_ transport: TransportUnderTest) async throws {
        let waiting = Waiting()
        try await transport.run([waiting.service]) { ends in
            let patient = EchoService.method("Quick", deadline: .seconds(60))
            let error = try await ends.failure(patient)
            #expect(error.code == .deadlineExceeded)
            #expect(error.reason == "EXPIRED")
            if waiting.started.isOpen { await waiting.cancelled.wait() }
        }
    }

    @Test("a deadline that has passed starts nothing", arguments: TransportUnderTest.allCases)
    func expired(_ transport: TransportUnderTest) async throws {
        let waiting = Waiting()
        let streams = StreamService(converse: { _, _, _ in waiting.started.open() })
        try await transport.run([waiting.service, streams]) { ends in
            for deadline in [CallDeadline.after(.zero), .at(Instant(nanoseconds: 1))] {
                let options = CallOptions(deadline: deadline)
                try await ends.expect(.deadlineExceeded, EchoService.custom, options: options)
                let error = await #expect(throws: RPCError.self) {
                    try await ends.converse(options: options) { _, replies in
                        for try await _ in replies {}
                    }
                }
                #expect(error?.code == .deadlineExceeded)
            }
        }
        #expect(!waiting.started.isOpen)
    }

    @Test(
        "a handler knows what is left, and its own calls get less",
        arguments: TransportUnderTest.allCases)
    func inherited(_ transport: TransportUnderTest) async throws {
        let inner = EchoService { request, context in
            EchoMessage(payload: Array("\(context.remaining! / .milliseconds(1))".utf8))
        }
        try await transport.run([inner]) { inside in
            let outer = EchoService { request, context in
                let left = try #require(context.remaining)
                #expect(left > .zero && left <= .seconds(4))
                let reply = try await inside.call(
                    EchoService.custom, options: context.child)
                let innerLeft = try #require(Double(String(decoding: reply, as: UTF8.self)))
                #expect(innerLeft < left / .milliseconds(1))
                return request
            }
            try await transport.run([outer]) { ends in
                _ = try await ends.call(
                    EchoService.custom, options: CallOptions(deadline: .after(.seconds(4))))
            }
        }
    }

    @Test("a stream's deadline ends both of its sides", arguments: TransportUnderTest.allCases)
    func streamDeadline(_ transport: TransportUnderTest) async throws {
        let (started, cancelled) = (Gate(), Gate())
        let service = StreamService(converse: { requests, replies, _ in
            started.open()
            try await replies.write(EchoMessage(payload: [1]))
            do {
                for try await _ in requests {}
            } catch {
                cancelled.open()
                throw error
            }
        })
        try await transport.run([service]) { ends in
            let error = await #expect(throws: RPCError.self) {
                try await ends.converse(StreamService.brief) { _, replies in
                    for try await _ in replies {}
                }
            }
            #expect(error?.code == .deadlineExceeded)
            if started.isOpen { await cancelled.wait() }
        }
    }

    // MARK: Cancellation

    @Test(
        "cancelling the caller's task cancels the handler", arguments: TransportUnderTest.allCases)
    func cancellation(_ transport: TransportUnderTest) async throws {
        let waiting = Waiting()
        try await transport.run([waiting.service]) { ends in
            let call = Task { try await ends.failure(EchoService.custom) }
            await waiting.started.wait()
            call.cancel()
            let error = try await call.value
            #expect(error.code == .cancelled)
            await waiting.cancelled.wait()
        }
    }

    @Test(
        "leaving a stream cancels its handler, waiting or writing",
        arguments: TransportUnderTest.allCases)
    func leaving(_ transport: TransportUnderTest) async throws {
        let (waited, wrote) = (Gate(), Gate())
        let service = StreamService(
            watch: { _, replies, _ in
                defer { wrote.open() }
                while true { try await replies.write(EchoMessage(payload: [1])) }
            },
            converse: { requests, replies, _ in
                try await replies.write(EchoMessage())
                await untilCancelled()
                waited.open()
            })
        try await transport.run([service]) { ends in
            try await ends.converse { _, replies in
                for try await _ in replies { break }
            }
            await waited.wait()
            try await ends.client.serverStreaming(StreamService.watch, EchoMessage()) {
                (replies: ReplyStream<EchoMessage>) in
                for try await _ in replies { break }
            }
            await wrote.wait()
        }
    }

    // MARK: The server's end

    @Test(
        "a server that ends lets calls finish, and takes no others",
        arguments: TransportUnderTest.allCases)
    func drain(_ transport: TransportUnderTest) async throws {
        let (asked, answer) = (Gate(), Gate())
        let service = EchoService { request, _ in
            asked.open()
            await answer.wait()
            return request
        }
        try await transport.run([service]) { ends in
            let call = Task { try await ends.call(EchoService.custom, [7]) }
            await asked.wait()
            let end = Task { await ends.server.shutdown(grace: .seconds(30)) }
            // Calls that come before the server's end are served.
            while true {
                do {
                    _ = try await ends.call(EchoService.say)
                } catch let error as RPCError {
                    #expect(error.code == .unavailable)
                    break
                }
            }
            answer.open()
            let reply = try await call.value
            #expect(reply == [7])
            await end.value
            #expect(ends.server.connectionCount == 0)
        }
    }

    @Test("a server that ends cuts streams", arguments: TransportUnderTest.allCases)
    func drainOfStreams(_ transport: TransportUnderTest) async throws {
        let (streaming, cut) = (Gate(), Gate())
        let service = StreamService(converse: { _, replies, _ in
            try await replies.write(EchoMessage(payload: [1]))
            await untilCancelled()
            cut.open()
        })
        try await transport.run([service]) { ends in
            let stream = Task {
                try await ends.converse { _, replies in
                    for try await _ in replies { streaming.open() }
                }
            }
            await streaming.wait()
            await ends.server.shutdown(grace: .milliseconds(100))
            let error = await #expect(throws: RPCError.self) { try await stream.value }
            #expect(error?.code == .unavailable)
            await cut.wait()
        }
    }

    @Test(
        "what runs when a server's grace is over gets UNAVAILABLE",
        arguments: TransportUnderTest.allCases)
    func cutOff(_ transport: TransportUnderTest) async throws {
        let waiting = Waiting()
        try await transport.run([waiting.service]) { ends in
            let call = Task { try await ends.failure(EchoService.custom) }
            await waiting.started.wait()
            await ends.server.shutdown(grace: .milliseconds(50))
            let error = try await call.value
            #expect(error.code == .unavailable)
            await waiting.cancelled.wait()
        }
    }
}
