import Foundation
import TestSupport
import Testing

/// curl, as anybody has it: JSON over HTTP/2 and TLS.
struct Curl {
    struct Reply {
        let status: Int
        let headers: String
        let body: [String: JSONValue]
        let text: String
    }

    let port: Int
    let authority: String

    static let riskMethod = "assay.risk.v1.RiskAssessment"

    func post(
        _ method: String, json: String, key: String?, headers: [String] = []
    ) async throws -> Reply {
        var arguments = [
            "--silent", "--show-error", "--http2", "--max-time", "20", "--cacert", authority,
            "--include", "--write-out", "\n%{http_code} %{http_version}",
            "--header", "content-type: application/json", "--data-binary", json,
        ]
        for header in headers + (key.map { ["x-api-key: \($0)"] } ?? []) {
            arguments += ["--header", header]
        }
        let result = try await ChildProcess.run(
            "/usr/bin/curl", arguments + ["https://localhost:\(port)/\(method)"])
        try #require(result.end == .exit(0), "curl: \(result.errors)")
        return try Self.parse(result.output)
    }

    /// Sends a gRPC body as it stands and returns the call's status, of the headers or the trailers.
    func grpcStatus(
        _ method: String, body: [UInt8], key: String, in folder: TemporaryDirectory
    ) async throws -> Int? {
        let file = try folder.path("body.bin")
        try Data(body).write(to: URL(filePath: file))
        let result = try await ChildProcess.run(
            "/usr/bin/curl",
            [
                "--silent", "--http2", "--max-time", "20", "--cacert", authority, "--output",
                "/dev/null", "--dump-header", "-", "--header", "content-type: application/grpc",
                "--header", "te: trailers", "--header", "x-api-key: \(key)", "--data-binary",
                "@\(file)", "https://localhost:\(port)/\(method)",
            ])
        return result.output.lowercased().split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix("grpc-status:") }
            .flatMap { Int($0.dropFirst(12).trimmingCharacters(in: .whitespaces)) }
    }

    /// Asks until there is a decision: a debug build on a busy machine can miss a deadline of 50 ms,
    /// and asking again with the same request id is deciding once.
    func decide(json: String, key: String) async throws -> Reply {
        var reply = try await post(DecisionTests.transactionMethod, json: json, key: key)
        for _ in 0..<100 where [503, 504].contains(reply.status) {
            reply = try await post(DecisionTests.transactionMethod, json: json, key: key)
        }
        return reply
    }

    private static func parse(_ output: String) throws -> Reply {
        let text = output.replacingOccurrences(of: "\r\n", with: "\n")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let last = try #require(lines.last).split(separator: " ")
        #expect(last.last == "2", "the reply did not come over HTTP/2")
        let parts = text.components(separatedBy: "\n\n")
        let body = parts.dropFirst().joined(separator: "\n\n")
            .split(separator: "\n").dropLast().joined(separator: "\n")
        let decoded = try? JSONDecoder().decode([String: JSONValue].self, from: Data(body.utf8))
        return Reply(
            status: try #require(Int(last[0])), headers: parts[0].lowercased(),
            body: decoded ?? [:], text: body)
    }
}

/// Any JSON, for looking into replies.
enum JSONValue: Decodable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    subscript(_ key: String) -> JSONValue? {
        if case .object(let members) = self { return members[key] }
        return nil
    }

    var text: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    var items: [JSONValue] {
        if case .array(let value) = self { return value }
        return []
    }
}
