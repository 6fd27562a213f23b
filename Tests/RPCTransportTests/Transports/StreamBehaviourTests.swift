import RPC
import RPCTransport
import Testing

@Suite("Streams of messages, over a socket and within the process", .serialized)
struct StreamBehaviourTests {
    private static func message(_ index: Int) -> EchoMessage {
        EchoMessage(payload: Array(repeating: UInt8(truncatingIfNeeded: index), count: index % 300))
    }

    @Test("a stream of replies comes in order", arguments: TransportUnderTest.allCases)
    func serverStreaming(_ transport: TransportUnderTest) async throws {
        let service = StreamService(watch: { request, replies, _ in
            for index in 0..<Int(request.payload[0]) * 10 {
                try await replies.write(Self.message(index))
            }
        })
        try await transport.run([service]) { ends in
            for tens in [0, 200] {
                let request = EchoMessage(payload: [UInt8(tens)])
                let count = try await ends.client.serverStreaming(StreamService.watch, request) {
                    (replies: ReplyStream<EchoMessage>) in
                    var count = 0
                    for try await reply in replies {
                        #expect(reply == Self.message(count))
                        count += 1
                    }
                    return count
                }
                #expect(count == tens * 10)
            }
        }
    }

    @Test("a stream of requests is answered once", arguments: TransportUnderTest.allCases)
    func clientStreaming(_ transport: TransportUnderTest) async throws {
        try await transport.run { ends in
            for count in [0, 2_000] {
                let reply: EchoMessage = try await ends.client.clientStreaming(
                    StreamService.collect
                ) { (requests: RequestWriter<EchoMessage>) in
                    for index in 0..<count { try await requests.write(Self.message(index)) }
                }
                let sum = (0..<count).reduce(0) { $0 + $1 % 300 }
                #expect(String(decoding: reply.payload, as: UTF8.self) == "\(sum)")
            }
        }
    }

    @Test("messages up to the limit go to and fro", arguments: TransportUnderTest.allCases)
    func bidirectional(_ transport: TransportUnderTest) async throws {
        try await transport.run { ends in
            try await ends.converse { requests, replies in
                var iterator = replies.makeAsyncIterator()
                for size in [0, 1, 16_383, 99_990] + Array(repeating: 7, count: 200) {
                    let message = EchoMessage(payload: Array(repeating: 9, count: size))
                    try await requests.write(message)
                    #expect(try await iterator.next() == message)
                }
                requests.finish()
                #expect(try await iterator.next() == nil)
            }
        }
    }

    @Test("fifty streams at once stay apart", arguments: TransportUnderTest.allCases)
    func concurrent(_ transport: TransportUnderTest) async throws {
        try await transport.run { ends in
            try await withThrowingTaskGroup { group in
                for stream in 0..<50 {
                    group.addTask {
                        try await ends.converse { requests, replies in
                            var iterator = replies.makeAsyncIterator()
                            for index in 0..<20 {
                                let message = Self.message(stream * 1_000 + index)
                                try await requests.write(message)
                                #expect(try await iterator.next() == message)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("a stream has metadata on both sides", arguments: TransportUnderTest.allCases)
    func metadata(_ transport: TransportUnderTest) async throws {
        let service = StreamService(converse: { requests, replies, context in
            #expect(context.metadata["x-note"] == "a")
            context.addReplyHeaders(["x-early": "b"])
            for try await request in requests { try await replies.write(request) }
            context.addReplyTrailers(["x-late": "c"])
            throw RPCError(.aborted, "at the end", reason: "END")
        })
        try await transport.run([service]) { ends in
            let received = ReceivedMetadata()
            let options = CallOptions(metadata: ["x-note": "a"], received: received)
            let error = await #expect(throws: RPCError.self) {
                try await ends.converse(options: options) { requests, replies in
                    var iterator = replies.makeAsyncIterator()
                    try await requests.write(EchoMessage(payload: [1]))
                    #expect(try await iterator.next()?.payload == [1])
                    #expect(received.headers == ["x-early": "b"])
                    #expect(received.trailers.isEmpty)
                    requests.finish()
                    _ = try await iterator.next()
                }
            }
            #expect(error?.code == .aborted)
            #expect(error?.reason == "END")
            #expect(error?.message.hasSuffix("at the end") == true)
            #expect(received.trailers == ["x-late": "c"])
        }
    }

    @Test("an error comes behind the messages before it", arguments: TransportUnderTest.allCases)
    func errorBehindMessages(_ transport: TransportUnderTest) async throws {
        let service = StreamService(watch: { _, replies, _ in
            for index in 0..<3 { try await replies.write(EchoMessage(payload: [UInt8(index)])) }
            throw RPCError(.dataLoss, "the disk is gone")
        })
        try await transport.run([service]) { ends in
            var seen = 0
            let error = await #expect(throws: RPCError.self) {
                try await ends.client.serverStreaming(StreamService.watch, EchoMessage()) {
                    (replies: ReplyStream<EchoMessage>) in
                    for try await _ in replies { seen += 1 }
                }
            }
            #expect(error?.code == .dataLoss)
            #expect(seen == 3)
        }
    }

    @Test("a handler may answer before the last request", arguments: TransportUnderTest.allCases)
    func earlyReply(_ transport: TransportUnderTest) async throws {
        let service = StreamService(collect: { requests, _ in
            for try await request in requests { return request }
            return EchoMessage()
        })
        try await transport.run([service]) { ends in
            let reply: EchoMessage = try await ends.client.clientStreaming(StreamService.collect) {
                (requests: RequestWriter<EchoMessage>) in
                while true { try await requests.write(EchoMessage(payload: [4])) }
            }
            #expect(reply.payload == [4])
        }
    }

    @Test(
        "a message over the limit ends a stream, at either side",
        arguments: TransportUnderTest.allCases)
    func limits(_ transport: TransportUnderTest) async throws {
        func generous(_ method: MethodDescriptor) -> MethodDescriptor {
            MethodDescriptor(
                path: method.path, kind: method.kind, access: .public,
                maximumRequestBytes: 1 << 20, maximumResponseBytes: 1_000)
        }
        try await transport.run { ends in
            for size in [200_000, 2_000] {
                let error = await #expect(throws: RPCError.self) {
                    try await ends.converse(generous(StreamService.converse)) { requests, replies in
                        try await requests.write(
                            EchoMessage(payload: Array(repeating: 1, count: size)))
                        for try await _ in replies {}
                    }
                }
                #expect(error?.code == .resourceExhausted)
                #expect(error?.reason == "MESSAGE_TOO_LARGE")
            }
        }
    }

    @Test(
        "who writes faster than the other reads has to wait", arguments: TransportUnderTest.allCases
    )
    func backPressure(_ transport: TransportUnderTest) async throws {
        let (written, sent) = (Counter(), Counter())
        let mayRead = Gate()
        let size = 50_000
        let service = StreamService(
            watch: { _, replies, _ in
                for _ in 0..<100 {
                    try await replies.write(EchoMessage(payload: Array(repeating: 1, count: size)))
                    written.add()
                }
            },
            collect: { requests, _ in
                await mayRead.wait()
                var sum = 0
                for try await request in requests { sum += request.payload.count }
                return EchoMessage(payload: Array("\(sum)".utf8))
            })
        try await transport.run([service, EchoService()]) { ends in
            // As long as nobody reads, less is written than an outbox and the windows hold.
            let most = (256 << 10 + 1 << 20 + 2 * size) / size
            try await ends.client.serverStreaming(StreamService.watch, EchoMessage()) {
                (replies: ReplyStream<EchoMessage>) in
                for _ in 0..<200 { _ = try await ends.call(EchoService.say) }
                #expect(written.value <= most)
                var count = 0
                for try await _ in replies { count += 1 }
                #expect(count == 100)
            }
            let sum: EchoMessage = try await ends.client.clientStreaming(StreamService.collect) {
                (requests: RequestWriter<EchoMessage>) in
                async let rest: Void = {
                    for _ in 0..<100 {
                        try await requests.write(
                            EchoMessage(payload: Array(repeating: 1, count: size)))
                        sent.add()
                    }
                }()
                for _ in 0..<200 { _ = try await ends.call(EchoService.say) }
                #expect(sent.value <= most)
                mayRead.open()
                try await rest
            }
            #expect(String(decoding: sum.payload, as: UTF8.self) == "\(100 * size)")
        }
    }

    @Test(
        "interceptors of both sides are around a whole stream",
        arguments: TransportUnderTest.allCases)
    func interceptors(_ transport: TransportUnderTest) async throws {
        let journal = Journal()
        let service = StreamService(converse: { requests, replies, context in
            for try await request in requests { try await replies.write(request) }
            journal.note("handler \(context.metadata["x-by"] ?? "")")
        })
        try await transport.run(
            [service], interceptors: Journaling(name: "b", journal),
            around: Journaling(name: "a", journal)
        ) { ends in
            try await ends.converse { requests, replies in
                try await requests.write(EchoMessage())
                requests.finish()
                for try await _ in replies {}
            }
        }
        #expect(journal.take() == ["a>", "b>", "handler a", "<b", "<a"])
    }
}
