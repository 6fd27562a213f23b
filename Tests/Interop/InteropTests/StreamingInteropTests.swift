import AssayMessages
import RPC
import RPCTransport
import TLS
import TestSupport
import Testing

/// Streams between Python's grpcio and us, in both roles, in plaintext and over TLS.
@Suite("Streams with Python grpcio", .enabled(if: Python.isThere, "no .venv with grpcio here"))
struct StreamingInteropTests {
    @Test("a foreign client gets every stream of our server right", arguments: [false, true])
    func client(overTLS: Bool) async throws {
        let credentials = try Credentials()
        let server = RPCServer(
            listeners: [
                RPCListener(
                    host: "127.0.0.1", port: 0,
                    tls: overTLS ? try TLSContext.server(identity: credentials.identity) : nil)
            ], services: [EchoService(), StreamingService()])
        try await server.start()
        let result =
            overTLS
            ? try await Python.run(
                "streaming_client.py", "127.0.0.1:\(server.port)", credentials.authorityFile
            )
            : try await Python.run("streaming_client.py", "127.0.0.1:\(server.port)")
        #expect(result.end == .exit(0), "\(result.output)\(result.errors)")
        await server.shutdown(grace: .seconds(1))
    }

    @Test("our client gets every stream of a foreign server right", arguments: [false, true])
    func server(overTLS: Bool) async throws {
        let credentials = try Credentials()
        let process = try ChildProcess(
            Python.interpreter,
            Python.arguments(
                "streaming_server.py",
                overTLS ? [credentials.certificateFile, credentials.keyFile] : []))
        let line = try await process.line { $0.hasPrefix("ready ") }
        let port = try #require(line.split(separator: " ").last)
        let client = try RPCClient(
            "127.0.0.1:\(port)",
            tls: overTLS
                ? try TLSContext.client(trust: credentials.trust, serverName: "localhost") : nil)
        do {
            try await exchange(with: client)
            try await endEarly(with: client)
        } catch {
            Issue.record("\(error); the server said: \(process.standardError)")
        }
        // What is left when the server is killed mid-stream.
        let error = await #expect(throws: RPCError.self) {
            try await BenchV1.Streaming.Client(client).converse { requests, replies in
                try await requests.write(BenchV1.EchoMessage(payload: [1]))
                for try await _ in replies { process.kill() }
            }
        }
        #expect(error?.code == .unavailable)
        await client.close()
    }

    private func exchange(with client: RPCClient) async throws {
        let message = BenchV1.EchoMessage(payload: Array(repeating: 7, count: 1_000))
        #expect(try await BenchV1.Echo.Client(client).say(message) == message)
        let streaming = BenchV1.Streaming.Client(client)
        let count = try await streaming.replay(
            BenchV1.ReplayRequest(payload: message.payload, count: 3_000)
        ) { replies in
            var count = 0
            for try await reply in replies {
                #expect(reply == message)
                count += 1
            }
            return count
        }
        #expect(count == 3_000)
        let summary = try await streaming.collect { requests in
            for _ in 0..<3_000 { try await requests.write(message) }
        }
        #expect(summary == BenchV1.CollectSummary(messages: 3_000, bytes: 3_000_000))
        #expect(try await streaming.collect { _ in } == BenchV1.CollectSummary())
        try await streaming.converse { requests, replies in
            var iterator = replies.makeAsyncIterator()
            for size in [27_182, 8, 1_828, 45_904, 0, 1 << 20] {
                let message = BenchV1.EchoMessage(payload: Array(repeating: 3, count: size))
                try await requests.write(message)
                #expect(try await iterator.next() == message)
            }
            requests.finish()
            #expect(try await iterator.next() == nil)
        }
    }

    private func endEarly(with client: RPCClient) async throws {
        let streaming = BenchV1.Streaming.Client(client)
        let fail = Array("fail".utf8)
        let sleep = Array("sleep".utf8)
        var received = 0
        do {
            try await streaming.replay(BenchV1.ReplayRequest(payload: fail, count: 5)) { replies in
                for try await _ in replies { received += 1 }
            }
            Issue.record("the stream should have failed")
        } catch let error as RPCError {
            #expect(error.code == .failedPrecondition)
            #expect(error.message == "as asked: ü")
        }
        #expect(received == 5)
        // Leaving a stream that would be endless.
        try await streaming.replay(BenchV1.ReplayRequest(payload: [1], count: 10_000_000)) {
            for try await _ in $0 { break }
        }
        let early = try await streaming.collect { requests in
            try await requests.write(BenchV1.EchoMessage(payload: [1]))
            while true {
                try await requests.write(BenchV1.EchoMessage(payload: Array("stop".utf8)))
            }
        }
        #expect(early.messages == 1)
        let error = await #expect(throws: RPCError.self) {
            try await streaming.replay(
                BenchV1.ReplayRequest(payload: sleep, count: 1),
                options: CallOptions(deadline: .after(.milliseconds(300)))
            ) { for try await _ in $0 {} }
        }
        #expect(error?.code == .deadlineExceeded)
        let call = Task {
            try await streaming.converse { requests, replies in
                try await requests.write(BenchV1.EchoMessage(payload: sleep))
                for try await _ in replies {}
            }
        }
        call.cancel()
        let cancelled = await #expect(throws: RPCError.self) { try await call.value }
        #expect(cancelled?.code == .cancelled)
    }
}
