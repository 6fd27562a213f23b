import RPC
import RawHTTP2
import Testing

@testable import GatewayCore

/// gateway.md §10 and rpc.md R1: what the gateway sends again, where, and how often.
@Suite("Forwarded calls that are sent again", .serialized, .timeLimit(.minutes(2)))
struct RepeatedCallTests {
    private static let attempts = "grpc-previous-rpc-attempts"

    private func value(_ name: String, _ fields: [Field]) -> String? {
        fields.first { $0.name == name }?.value
    }

    @Test("what a service refused unseen goes once more, whatever the method")
    func refused() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        await client.call(ForwardingStage.order, 1, [1, 2, 3])
        let service = try await stage.service()
        let first = try await service.request()
        await service.send(.reset(first.stream, .refusedStream))
        let second = try await service.request()
        #expect(second.message.body == first.message.body)
        #expect(value(Self.attempts, second.message.headers) == nil, "it never ran")
        await service.answer(second.stream)
        #expect(try await client.response(1).code == 0)

        // A second time it is the call's end.
        await client.call(ForwardingStage.order, 3)
        for _ in 0..<2 {
            let request = try await service.request()
            await service.send(.reset(request.stream, .refusedStream))
        }
        #expect(try await client.response(3).code == 14)
        await client.close()
        try await stage.stop()
    }

    @Test("a GOAWAY that passes over a call sends it again, on another connection")
    func goAway() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        await client.call(ForwardingStage.order, 1)
        let service = try await stage.service()
        let first = try await service.request()
        await service.send(.goAway(last: 0, ErrorCode(rawValue: 0)))
        let next = try await stage.service()
        let second = try await next.request()
        #expect(second.message.body == first.message.body)
        await next.answer(second.stream)
        #expect(try await client.response(1).code == 0)
        await client.close()
        try await stage.stop()
    }

    @Test("G11: a service that is lost under a call: only what may be repeated is, elsewhere")
    func lost() async throws {
        for (method, isRepeated) in [(ForwardingStage.look, true), (ForwardingStage.order, false)] {
            let stage = try await ForwardingStage(endpoints: 2)
            let client = try await stage.client()
            await client.call(method, 1, [9])
            async let one = stage.service(0)
            async let two = stage.service(1)
            let services = try await [one, two]
            let arrivals = Arrivals(at: services)
            let first = try #require(await arrivals.next())
            await services[first.service].close()
            if isRepeated {
                let again = try #require(await arrivals.next())
                #expect(again.service == 1 - first.service)
                #expect(again.message.body == first.message.body)
                #expect(value(Self.attempts, again.message.headers) == "1")
                await services[again.service].answer(again.stream)
                #expect(try await client.response(1).code == 0)
            } else {
                #expect(try await client.response(1).code == 14)
                #expect(stage.lines().last?.contains("\"reason\":\"UPSTREAM_LOST\"") == true)
                await services[1 - first.service].close()
                let other = await arrivals.next()
                #expect(other == nil, "nothing came to the other one")
            }
            await client.close()
            try await stage.stop()
        }
    }

    /// The first call at each of some services, in the order in which they come.
    private final class Arrivals {
        struct Arrival: Sendable {
            let service: Int
            let stream: UInt32
            let message: RawMessage
        }

        private var iterator: AsyncStream<Arrival>.AsyncIterator

        init(at services: [RawServer]) {
            let (stream, continuation) = AsyncStream.makeStream(of: Arrival.self)
            iterator = stream.makeAsyncIterator()
            let waiting = services.enumerated().map { index, service in
                Task {
                    guard let (stream, message) = try? await service.request() else { return }
                    continuation.yield(Arrival(service: index, stream: stream, message: message))
                }
            }
            Task {
                for task in waiting { await task.value }
                continuation.finish()
            }
        }

        func next() async -> Arrival? { await iterator.next() }
    }

    @Test(
        "by status once at most; not after overload unless the service says when; not after a reply began"
    )
    func byStatus() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        await client.call(ForwardingStage.look, 1)
        let service = try await stage.service()
        // UNAVAILABLE twice: the second one is the answer, as the service said it.
        var request = try await service.request()
        await service.refuse(request.stream, 14)
        request = try await service.request()
        #expect(value(Self.attempts, request.message.headers) == "1")
        await service.refuse(request.stream, 14, [Field("grpc-message", "still not")])
        let unavailable = try await client.response(1)
        #expect(unavailable.code == 14 && unavailable.ending("grpc-message") == "still not")

        // RESOURCE_EXHAUSTED as it is.
        await client.call(ForwardingStage.look, 3)
        request = try await service.request()
        await service.refuse(request.stream, 8)
        #expect(try await client.response(3).code == 8)
        // With a pushback it is.
        await client.call(ForwardingStage.look, 5)
        request = try await service.request()
        await service.refuse(request.stream, 8, [Field("grpc-retry-pushback-ms", "1")])
        request = try await service.request()
        await service.answer(request.stream)
        #expect(try await client.response(5).code == 0)
        // A method that does something: never.
        await client.call(ForwardingStage.order, 7)
        request = try await service.request()
        await service.refuse(request.stream, 14)
        #expect(try await client.response(7).code == 14)
        // A reply that has begun.
        await client.call(ForwardingStage.look, 9)
        request = try await service.request()
        await service.begin(request.stream)
        await service.end(request.stream, 14)
        #expect(try await client.response(9).code == 14)
        // A caller that repeats by itself: one layer does.
        await client.send(
            .headers(
                11,
                HPACK.block(
                    client.request("POST", ForwardingStage.look.path) + [
                        Field("content-type", "application/grpc"), Field(Self.attempts, "1"),
                    ])),
            .data(11, Message.framed([]), ends: true))
        request = try await service.request()
        await service.refuse(request.stream, 14)
        #expect(try await client.response(11).code == 14)
        try await service.ping()
        await client.close()
        try await stage.stop()
    }

    @Test("a request of more than 64 KiB is not repeated by status")
    func tooLong() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        await client.open(ForwardingStage.look)
        let body = Message.framed([UInt8](repeating: 3, count: 80 << 10))
        await client.send(.data(1, Array(body.prefix(16 << 10))))
        var sent = 16 << 10
        while sent < 60 << 10 {
            let piece = Array(body[sent..<min(sent + (16 << 10), 60 << 10)])
            await client.send(.data(1, piece))
            sent += piece.count
        }
        _ = try await client.until { $0.kind == .windowUpdate && $0.stream == 1 }
        while sent < body.count {
            let piece = Array(body[sent..<min(sent + (8 << 10), body.count)])
            sent += piece.count
            await client.send(.data(1, piece, ends: sent == body.count))
        }
        let service = try await stage.service(0, .settings((.initialWindowSize, 1 << 20)))
        await service.send(.windowUpdate(0, by: 1 << 20))
        let request = try await service.request()
        #expect(request.message.body == body)
        await service.refuse(request.stream, 14)
        #expect(try await client.response(1).code == 14)
        try await service.ping()
        await client.close()
        try await stage.stop()
    }

    @Test(
        "repeats stay inside their budget, whatever fails: a tenth, five a second, and not when half fails"
    )
    func budget() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        let calls = 300
        let answering = Task {
            let service = try await stage.service()
            var seen = 0
            while true {
                let request = try await service.request()
                if value(":path", request.message.headers) == ForwardingStage.order.path {
                    await service.answer(request.stream)
                    return seen
                }
                seen += 1
                await service.refuse(request.stream, 14)
            }
        }
        for number in 0..<calls {
            let stream = UInt32(2 * number + 1)
            await client.call(ForwardingStage.look, stream)
            #expect(try await client.response(stream).code == 14)
        }
        let last = UInt32(2 * calls + 1)
        await client.call(ForwardingStage.order, last)
        #expect(try await client.response(last).code == 0)
        let seen = try await answering.value
        // 100 tokens, one for each failure, none is repeated with 50 or fewer; and ten seconds' worth
        // of five a second besides a tenth.
        #expect(seen > calls, "some are repeated")
        #expect(seen <= calls + calls / 10 + 50, "\(seen - calls) of \(calls) were repeated")
        await client.close()
        try await stage.stop()
    }

    @Test("calls that wait for a stream are pending: beyond so many they are CIRCUIT_OPEN at once")
    func pending() async throws {
        let stage = try await ForwardingStage(settings: ", pending: 6, in_flight: 50")
        let client = try await stage.client()
        let calls = 30
        let one = Frame.settings((.maximumConcurrentStreams, 1))
        await client.call(ForwardingStage.order, 1)
        let service = try await stage.service(0, one)
        let first = try await service.request()
        for number in 1..<calls { await client.call(ForwardingStage.order, UInt32(2 * number + 1)) }
        // All that do not wait are refused, in whatever order; no other connection is greeted.
        for _ in 0..<calls - 1 - 6 {
            let refusal = try await client.until { $0.kind == .headers && $0.has(.endStream) }
            #expect(refusal.fields.contains(Field("grpc-status", "14")), "\(refusal)")
        }
        let refused = stage.lines()
        #expect(refused.count == calls - 1 - 6)
        #expect(refused.allSatisfy { $0.contains("\"reason\":\"CIRCUIT_OPEN\"") })
        // The others come to the service one after the other.
        await service.answer(first.stream)
        for _ in 0..<6 {
            let next = try await service.request()
            await service.answer(next.stream)
        }
        for _ in 0..<7 {
            let reply = try await client.until { $0.kind == .headers && $0.has(.endStream) }
            #expect(reply.fields.contains(Field("grpc-status", "0")), "\(reply)")
        }
        await client.close()
        try await stage.stop()
    }
}
