internal import Foundation

/// A running assay-gateway with files of its own, on free ports of loopback. It ends with this object
/// at the latest.
public final class GatewayProgram: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public let folder: TemporaryDirectory
    public let process: ChildProcess
    /// Of its first listener.
    public let port: Int
    public let admin: Int

    /// - Parameters:
    ///   - files: Written before it starts; "gateway.yaml" among them.
    ///   - isInsecure: Reaches services without TLS.
    ///   - options: Of its command line, behind those that every test needs.
    public init(
        _ files: [String: String], isInsecure: Bool = true, options: [String] = []
    ) async throws {
        folder = try TemporaryDirectory()
        for (name, text) in files { try Self.write(text, to: "\(folder.path)/\(name)") }
        guard let program = PackageLayout.executable("assay-gateway") else {
            throw Failure(description: "assay-gateway was not built beside the tests")
        }
        process = try ChildProcess(
            program,
            [
                "--config", "\(folder.path)/gateway.yaml", "--endpoint-delay", "0", "--grace", "2",
            ] + (isInsecure ? ["--insecure"] : []) + options)
        let line = try await process.line(within: .seconds(60)) { $0.hasPrefix("ready gateway ") }
        func number(_ name: String) throws -> Int {
            let word = line.split(separator: " ").first { $0.hasPrefix("\(name)=") }
            guard let word, let value = Int(word.dropFirst(name.count + 1)) else {
                throw Failure(description: "no \(name)= in \"\(line)\"")
            }
            return value
        }
        (port, admin) = (try number("rpc"), try number("admin"))
    }

    /// Files of a gateway that lets everyone call the public echo and its streams.
    ///
    /// - Parameters:
    ///   - upstream: The port of loopback where the services are.
    ///   - listener: YAML behind the listener's name and port: ", tls: { … }".
    ///   - further: YAML of further parts.
    public static func publicFiles(
        upstream: Int, listener: String = "", further: String = ""
    ) -> [String: String] {
        let configuration = """
            version: 1
            listeners: [ { name: public, port: 0\(listener) } ]
            admin: { port: 0 }
            authentication: { api_keys: { file: keys.yaml, peppers: { 1: pepper } } }
            limits: { address: { limit: 1000000, period: 1s, burst: 1000000 } }
            capacity: { in_flight: 100000, memory: 1000GiB }
            routes:
              - { service: bench.v1.Echo, upstream: all }
              - { service: bench.v1.Streaming, upstream: all }
            upstreams: { all: { target: "127.0.0.1:\(upstream)", in_flight: 100000 } }

            """
        return [
            "gateway.yaml": configuration + further + "\n", "keys.yaml": "version: 1\nkeys: []\n",
            "pepper": "a pepper for tests",
        ]
    }

    /// In one step, as tools that change files under a running process do.
    public static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    public func write(_ text: String, to name: String) throws {
        try Self.write(text, to: "\(folder.path)/\(name)")
    }

    /// A page of its admin port.
    public func page(_ path: String) async throws -> String {
        let result = try await ChildProcess.run(
            "/usr/bin/curl",
            ["--silent", "--show-error", "--max-time", "20", "http://127.0.0.1:\(admin)\(path)"])
        guard result.end == .exit(0) else { throw Failure(description: "curl: \(result.errors)") }
        return result.output
    }

    /// The sum of a metric's samples whose labels have all of these; 0 if there is none.
    ///
    /// - Parameter labels: As they are written: `event="ping"`.
    public func metric(_ name: String, _ labels: [String] = []) async throws -> Double {
        try await page("/metrics").split(separator: "\n").reduce(0) { sum, line in
            guard line.hasPrefix(name + " ") || line.hasPrefix(name + "{"),
                labels.allSatisfy({ line.contains($0) }),
                let value = line.split(separator: " ").last.flatMap({ Double($0) })
            else { return sum }
            return sum + value
        }
    }

    /// Asks it to end, and waits until it has.
    public func stop() async -> ChildProcess.End {
        process.terminate()
        return await process.end()
    }
}
