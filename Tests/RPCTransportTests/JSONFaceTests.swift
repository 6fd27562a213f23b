import Foundation
import RPC
import RPCTransport
import Testing

/// curl speaks HTTP/2 with prior knowledge; where it is missing these tests say so and end.
@Suite("The JSON face, by curl")
struct JSONFaceTests {
    struct Answer {
        var status = ""
        var body = ""
    }

    static let curl = "/usr/bin/curl"
    static var isMissing: Bool { !FileManager.default.isExecutableFile(atPath: curl) }

    func curl(_ server: TestServer, _ path: String, _ arguments: [String]) async throws -> Answer {
        let process = Process()
        process.executableURL = URL(filePath: Self.curl)
        process.arguments =
            [
                "--http2-prior-knowledge", "--silent", "--max-time", "10", "--write-out",
                "\n%{http_code}",
            ] + arguments + ["http://\(server.target)\(path)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let lines = String(decoding: output, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        return Answer(
            status: lines.last.map(String.init) ?? "",
            body: lines.dropLast().joined(separator: "\n"))
    }

    func post(
        _ server: TestServer, _ method: String, _ body: String, _ headers: [String] = []
    ) async throws -> Answer {
        let all = ["content-type: application/json"] + headers
        return try await curl(
            server, "/bench.v1.Echo/\(method)",
            all.flatMap { ["--header", $0] } + ["--data-binary", body])
    }

    @Test("POST with a bare JSON body", .enabled(if: !isMissing))
    func post() async throws {
        try await TestServer.run { _, server in
            let answer = try await post(server, "Say", "{\"payload\":\"AQID\"}")
            #expect(answer.status == "200")
            #expect(answer.body == "{\"payload\":\"AQID\"}")
        }
    }

    @Test("GET of a method that changes nothing", .enabled(if: !isMissing))
    func get() async throws {
        try await TestServer.run { _, server in
            let query = "?encoding=json&message=%7B%22payload%22%3A%22AQID%22%7D&connect=v1"
            let answer = try await curl(server, "/bench.v1.Echo/Say\(query)", [])
            #expect(answer.status == "200")
            #expect(answer.body == "{\"payload\":\"AQID\"}")
            let refused = try await curl(server, "/bench.v1.Echo/Custom\(query)", [])
            #expect(refused.status == "405")
        }
    }

    @Test("errors have Connect's form and HTTP status", .enabled(if: !isMissing))
    func errors() async throws {
        let service = EchoService { _, _ in
            throw RPCError(
                code: .resourceExhausted, message: "slow \"down\"", reason: "RATE_LIMITED",
                retryAfter: .milliseconds(1_200))
        }
        try await TestServer.run(service) { _, server in
            let limited = try await post(server, "Custom", "{}")
            #expect(limited.status == "429")
            #expect(limited.body.hasPrefix("{\"code\":\"resource_exhausted\""))
            #expect(limited.body.contains("slow \\\"down\\\""))
            #expect(limited.body.contains("\"retryDelay\":\"1.200000000s\""))
            let unknown = try await post(server, "Nothing", "{}")
            #expect(unknown.status == "404")
            #expect(unknown.body.contains("\"code\":\"unimplemented\""))
            let garbled = try await post(server, "Say", "{\"payload\":")
            #expect(garbled.status == "400")
            #expect(garbled.body.contains("\"code\":\"invalid_argument\""))
            let foreign = try await post(server, "Say", "{\"nothing\":1}")
            #expect(foreign.status == "400")
            #expect(foreign.body.contains("/nothing"))
            let text = try await curl(
                server, "/bench.v1.Echo/Say", ["--header", "content-type: text/plain", "-d", "x"])
            #expect(text.status == "415")
            let put = try await curl(server, "/bench.v1.Echo/Say", ["--request", "PUT", "-d", "x"])
            #expect(put.status == "405")
        }
    }

    @Test("connect-timeout-ms is the deadline", .enabled(if: !isMissing))
    func timeout() async throws {
        let cancelled = Gate()
        let service = EchoService { request, _ in
            await withTaskCancellationHandler {
                await cancelled.wait()
            } onCancel: {
                cancelled.open()
            }
            return request
        }
        try await TestServer.run(service) { _, server in
            let late = try await post(server, "Custom", "{}", ["connect-timeout-ms: 30"])
            #expect(late.status == "504")
            #expect(late.body.contains("deadline_exceeded"))
        }
    }

    @Test("a forwarded call passes status, fields and trailers", .enabled(if: !isMissing))
    func forwarding() async throws {
        try await TestServer.run { client, _ in
            let json = try await client.forward(
                RawRequest(
                    target: "/bench.v1.Echo/Say", headers: ["content-type": "application/json"],
                    body: Array("{\"payload\":\"AQID\"}".utf8)), deadline: .none)
            #expect(json.status == 200)
            #expect(String(decoding: json.body, as: UTF8.self) == "{\"payload\":\"AQID\"}")
            let grpc = try await client.forward(
                RawRequest(
                    target: "/bench.v1.Echo/Nothing",
                    headers: ["content-type": "application/grpc"], body: [0, 0, 0, 0, 0]),
                deadline: .none)
            #expect(grpc.status == 200)
            #expect(grpc.headers["grpc-status"] == "12")
            #expect(grpc.trailers == nil)
        }
    }
}
