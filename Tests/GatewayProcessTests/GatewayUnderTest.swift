import AssayMessages
import Foundation
import GatewayCore
import RPC
import RPCTransport
import TLS
import TestSupport
import Testing

/// A real assay-gateway in front of services that the test plays, with files that the test changes.
final class GatewayUnderTest: Sendable {
    private let program: GatewayProgram
    var folder: TemporaryDirectory { program.folder }
    var process: ChildProcess { program.process }
    var port: Int { program.port }
    var admin: Int { program.admin }

    /// A method that needs a scope and has much time, so that a busy machine fails none of its calls.
    static let method: MethodDescriptor = {
        let candidates = PolicyTable.all.filter { scope(of: $0) != nil && sibling(of: $0) != nil }
        return candidates.max { $0.longestDeadline < $1.longestDeadline } ?? PolicyTable.all[0]
    }()

    /// Another one of the same service, with the same scope.
    static let otherMethod = sibling(of: method)

    private static func sibling(of method: MethodDescriptor) -> MethodDescriptor? {
        guard method.kind == .unary else { return nil }
        return PolicyTable.all.first { other in
            other.service == method.service && other.kind == .unary && other.path != method.path
                && scope(of: other) == scope(of: method)
        }
    }

    static func scope(of method: MethodDescriptor) -> String? {
        if case .scope(let name, _) = method.access { name } else { nil }
    }

    /// - Parameters:
    ///   - files: Written before it starts; "gateway.yaml" among them.
    ///   - isInsecure: Reaches services without TLS.
    init(
        _ files: [String: String], isInsecure: Bool = true, options: [String] = []
    ) async throws {
        program = try await GatewayProgram(
            files, isInsecure: isInsecure, options: ["--loops", "2"] + options)
    }

    static func write(_ text: String, to path: String) throws {
        try GatewayProgram.write(text, to: path)
    }

    func write(_ text: String, to name: String) throws { try program.write(text, to: name) }

    func client(_ tls: (any TLSContextProvider)? = nil) throws -> RPCClient {
        try RPCClient("localhost:\(port)", tls: tls)
    }

    // MARK: What it says of itself

    func page(_ path: String) async throws -> String { try await program.page(path) }

    /// The sample of a metric, its labels included in the name; 0 if there is none.
    func metric(_ name: String) async throws -> Double {
        let lines = try await page("/metrics").split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
    }

    /// Waits until a metric has a value.
    func wait(
        for name: String, within limit: Duration = .seconds(20),
        until isReached: (Double) -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        var value = try await metric(name)
        while !isReached(value), ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
            value = try await metric(name)
        }
        #expect(isReached(value), "\(name) is \(value)\n\(process.standardError.suffix(2000))")
    }

    static let loaded = "assay_gateway_config_reload_total{result=\"loaded\"}"
    static let rejected = "assay_gateway_config_reload_total{result=\"rejected\"}"

    func stop() async {
        process.terminate()
        #expect(await process.end() == .exit(0), "\(process.standardError.suffix(2000))")
    }
}
