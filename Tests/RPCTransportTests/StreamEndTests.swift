import AssayMessages
import Testing
import Wire

@testable import RPC
@testable import RPCTransport

@Suite("How streams end")
struct StreamEndTests {
    @Test("an error comes behind the messages before it")
    func lateError() async throws {
        var service = StreamService()
        service.watch = { _, replies, _ in
            for _ in 0..<50 { try await replies.write(EchoMessage(payload: [1])) }
            throw RPCError(
                code: .resourceExhausted, message: "no more", reason: "RATE_LIMITED",
                retryAfter: .seconds(3))
        }
        try await TestServer.run(service) { client, _ in
            let count = Counter()
            let error = await #expect(throws: RPCError.self) {
                try await client.serverStreaming(StreamService.watch, EchoMessage()) {
                    (replies: ReplyStream<EchoMessage>) in
                    for try await _ in replies { count.add() }
                }
            }
            #expect(count.value == 50)
            #expect(error?.code == .resourceExhausted)
            #expect(error?.message == "no more")
            #expect(error?.reason == "RATE_LIMITED")
            #expect(error?.retryAfter == .seconds(3))
        }
    }

    @Test("a handler that throws something of its own tells the caller nothing of it")
    func foreignError() async throws {
        struct Secret: Error {}
        var service = StreamService()
        service.converse = { _, _, _ in throw Secret() }
        let observer = RecordingObserver()
        try await TestServer.run(service, observer: observer) { client, _ in
            let error = await #expect(throws: RPCError.self) {
                try await client.bidirectional(StreamService.converse) {
                    (_: RequestWriter<EchoMessage>, replies: ReplyStream<EchoMessage>) in
                    for try await _ in replies {}
                }
            }
            #expect(error?.code == .unknown)
            #expect(error?.message == "internal error")
        }
        #expect(observer.all.map(\.code) == [.unknown])
        #expect(observer.all.first?.error is Secret)
    }

    @Test(
        "a handler may answer before the last request; the caller's writing ends, its reply counts")
    func earlyReply() async throws {
        var service = StreamService()
        service.collect = { requests, _ in
            var iterator = requests.makeAsyncIterator()
            return try await iterator.next() ?? EchoMessage()
        }
        service.converse = { requests, replies, _ in
            var iterator = requests.makeAsyncIterator()
            if let first = try await iterator.next() { try await replies.write(first) }
        }
        try await TestServer.run(service) { client, _ in
            let reply: EchoMessage = try await client.clientStreaming(StreamService.collect) {
                (requests: RequestWriter<EchoMessage>) in
                while true { try await requests.write(EchoMessage(payload: [7])) }
            }
            #expect(reply.payload == [7])
            try await client.bidirectional(StreamService.converse) {
                (requests: RequestWriter<EchoMessage>, replies: ReplyStream<EchoMessage>) in
                try await requests.write(EchoMessage(payload: [8]))
                let all = try await replies.reduce(into: []) { $0.append($1.payload) }
                #expect(all == [[8]])
                let error = await #expect(throws: RPCError.self) {
                    while true { try await requests.write(EchoMessage()) }
                }
                #expect(error?.reason == MessageOutbox.peerEnded)
            }
        }
    }

    @Test("a handler's error ends the caller's writing, and is what the caller gets")
    func earlyError() async throws {
        var service = StreamService()
        service.collect = { _, _ in throw RPCError(.permissionDenied, "not you") }
        try await TestServer.run(service) { client, _ in
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.clientStreaming(StreamService.collect) {
                    (requests: RequestWriter<EchoMessage>) in
                    while true { try await requests.write(EchoMessage(payload: [7])) }
                }
            }
            #expect(error?.code == .permissionDenied)
        }
    }

    @Test("leaving the closure cancels the handler")
    func leaving() async throws {
        let cancelled = Gate()
        var service = StreamService()
        service.watch = { _, replies, _ in
            defer { cancelled.open() }
            while true { try await replies.write(EchoMessage(payload: [1])) }
        }
        try await TestServer.run(service) { client, _ in
            try await client.serverStreaming(StreamService.watch, EchoMessage()) {
                (replies: ReplyStream<EchoMessage>) in
                for try await _ in replies { break }
            }
            await cancelled.wait()
        }
    }

    @Test("an error thrown in the closure cancels the call and is thrown")
    func throwing() async throws {
        struct Mine: Error {}
        let started = Gate()
        let cancelled = Gate()
        var service = StreamService()
        service.collect = { requests, _ in
            defer { cancelled.open() }
            started.open()
            return try await requests.reduce(into: EchoMessage()) { $0 = $1 }
        }
        try await TestServer.run(service) { client, _ in
            await #expect(throws: Mine.self) {
                let _: EchoMessage = try await client.clientStreaming(StreamService.collect) {
                    (requests: RequestWriter<EchoMessage>) in
                    try await requests.write(EchoMessage())
                    await started.wait()
                    throw Mine()
                }
            }
            await cancelled.wait()
        }
    }

    @Test("cancelling the caller's task cancels the handler, wherever the caller waits")
    func cancellation() async throws {
        for reads in [true, false] {
            let started = Gate()
            let cancelled = Gate()
            var service = StreamService()
            service.converse = { requests, replies, _ in
                replies.sendHeaders()
                started.open()
                await untilCancelled()
                cancelled.open()
            }
            try await TestServer.run(service) { client, _ in
                let call = Task {
                    try await client.bidirectional(StreamService.converse) {
                        (requests: RequestWriter<EchoMessage>, replies: ReplyStream<EchoMessage>) in
                        if reads {
                            for try await _ in replies {}
                        } else {
                            while true {
                                try await requests.write(EchoMessage(payload: [1, 2, 3]))
                            }
                        }
                    }
                }
                await started.wait()
                call.cancel()
                await cancelled.wait()
                let error = await #expect(throws: RPCError.self) { try await call.value }
                #expect(error?.code == .cancelled)
            }
        }
    }

    @Test("a child task that reads can be cancelled on its own; the stream lives on")
    func cancelledChild() async throws {
        try await TestServer.run(StreamService()) { client, _ in
            try await client.bidirectional(StreamService.converse) {
                (requests: RequestWriter<EchoMessage>, replies: ReplyStream<EchoMessage>) in
                let reader = Task {
                    var iterator = replies.makeAsyncIterator()
                    return try await iterator.next()
                }
                await Task.yield()
                reader.cancel()
                _ = await reader.result
                try await requests.write(EchoMessage(payload: [4]))
                requests.finish()
                let all = try await replies.reduce(into: []) { $0.append($1.payload) }
                #expect(all == [[4]])
            }
        }
    }

    @Test("the caller's deadline ends a stream on both sides")
    func deadline() async throws {
        let cancelled = Gate()
        var service = StreamService()
        service.watch = { request, replies, _ in
            try await replies.write(request)
            await untilCancelled()
            cancelled.open()
        }
        try await TestServer.run(service) { client, _ in
            let count = Counter()
            let error = await #expect(throws: RPCError.self) {
                try await client.serverStreaming(
                    StreamService.watch, EchoMessage(payload: [1]),
                    options: CallOptions(deadline: .after(.seconds(1)))
                ) { (replies: ReplyStream<EchoMessage>) in
                    for try await _ in replies { count.add() }
                }
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(count.value == 1)
            await cancelled.wait()
        }
    }

    @Test("a message over the method's limit is refused where it is written, either side")
    func oversized() async throws {
        var service = StreamService()
        service.watch = { _, replies, _ in
            try await replies.write(EchoMessage(payload: Array(repeating: 1, count: 100_001)))
        }
        try await TestServer.run(service) { client, _ in
            let large = EchoMessage(payload: Array(repeating: 1, count: 100_001))
            let atServer = await #expect(throws: RPCError.self) {
                try await client.serverStreaming(StreamService.watch, EchoMessage()) {
                    (replies: ReplyStream<EchoMessage>) in
                    for try await _ in replies {}
                }
            }
            let atClient = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.clientStreaming(StreamService.collect) {
                    (requests: RequestWriter<EchoMessage>) in
                    try await requests.write(large)
                }
            }
            for error in [atServer, atClient] {
                #expect(error?.code == .resourceExhausted)
                #expect(error?.reason == "MESSAGE_TOO_LARGE")
            }
        }
    }

    @Test("shutting a server down ends its streams with UNAVAILABLE")
    func shutdown() async throws {
        let started = Gate()
        var service = StreamService()
        service.watch = { request, replies, _ in
            try await replies.write(request)
            started.open()
            await untilCancelled()
        }
        let server = try await TestServer(service)
        let client = try RPCClient(server.target)
        let call = Task {
            try await client.serverStreaming(StreamService.watch, EchoMessage()) {
                (replies: ReplyStream<EchoMessage>) in
                for try await _ in replies {}
            }
        }
        await started.wait()
        await server.server.shutdown(grace: .milliseconds(200))
        let error = await #expect(throws: RPCError.self) { try await call.value }
        #expect(error?.code == .unavailable)
        await server.stop(client)
    }

    @Test("a streaming method has no JSON face")
    func json() async throws {
        try await TestServer.run(StreamService()) { client, _ in
            let reply = try await client.forward(
                RawRequest(
                    target: StreamService.watch.path, headers: ["content-type": "application/json"],
                    body: Array("{}".utf8)), deadline: .none)
            #expect(reply.status == 415)
            #expect(reply.headers["accept-post"]?.contains("json") == false)
        }
    }

    @Test("a stream that cannot connect fails with UNAVAILABLE, which names the endpoint")
    func noServer() async throws {
        let client = try RPCClient("127.0.0.1:1")
        let error = await #expect(throws: RPCError.self) {
            try await client.serverStreaming(StreamService.watch, EchoMessage()) {
                (replies: ReplyStream<EchoMessage>) in for try await _ in replies {}
            }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("connect to 127.0.0.1:1 failed") == true)
        await client.close()
        await #expect(throws: RPCError.self) {
            try await client.bidirectional(StreamService.converse) {
                (_: RequestWriter<EchoMessage>, _: ReplyStream<EchoMessage>) in
            }
        }
    }
}
