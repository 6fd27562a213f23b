import Foundation
import RPC
import RPCTransport
import Synchronization
import TLS
import TestSupport
import Testing

/// Honest calls through a gateway while others abuse it (gateway.md G14).
///
/// 30 connections, each of which does what a row of the abuse table does: it sends all of it, reads
/// until the gateway has had enough, rests for a quarter of a second and begins anew. The honest load
/// is eight callers on two connections, one call at a time each.
///
/// That no honest call fails is asked always. Their times are asked with `ASSAY_ABUSE_SECONDS`, as
/// `make gateway-abuse` has it, of a build with optimisation: quiet and attacked windows alternate,
/// and the medians of their 99th percentiles are compared.
@Suite("Honest load beside abuse", .timeLimit(.minutes(10)))
struct BesideAbuseTests {
    private static let connections = 30
    private static let seconds = ProcessInfo.processInfo.environment["ASSAY_ABUSE_SECONDS"]
        .flatMap { Double($0) }

    @Test("G14: 30 abusive connections, each with a row of its own, and no honest call fails")
    func others() async throws {
        let authority = try DevelopmentCertificateAuthority(validity: .days(1))
        let identity = try authority.issue(
            LeafCertificateRequest(commonName: "edge", dnsNames: ["localhost"], validity: .days(1)))
        let server = try await AbuseServer(identity: identity, door: .gateway, withPlaintext: true)
        let clients = try (0..<2).map { _ in try RPCClient("127.0.0.1:\(server.port)") }
        let window = Duration.seconds((Self.seconds ?? 6) / 6)
        var (quiet, attacked): ([Duration], [Duration]) = ([], [])
        _ = await Self.load(clients, for: .milliseconds(300))
        for _ in 0..<3 {
            let alone = await Self.load(clients, for: window)
            let attack = Task { await Self.abuse(server) }
            let beside = await Self.load(clients, for: window)
            attack.cancel()
            let begun = await attack.value
            for result in [alone, beside] {
                #expect(result.failures.isEmpty, "of \(result.calls): \(result.failures.prefix(5))")
                #expect(result.calls > 0)
            }
            #expect(begun >= Self.connections)
            quiet.append(alone.p99)
            attacked.append(beside.p99)
            print(
                "G14: \(alone.calls) calls, p99 \(alone.p99) alone;",
                "\(beside.calls) calls, p99 \(beside.p99) beside \(begun) abusive connections")
        }
        let (before, during) = (quiet.sorted()[1], attacked.sorted()[1])
        print("G14: p99 \(before) alone, \(during) beside abuse, \(during / before) times")
        if Self.seconds != nil { #expect(during < before * 2, "\(before) alone") }
        for client in clients { await client.close() }
        await server.stop()
    }

    // MARK: The honest

    private struct Load: Sendable {
        var latencies: [Duration] = []
        var failures: [String] = []
        var calls: Int { latencies.count + failures.count }
        var p99: Duration {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? .zero : sorted[sorted.count * 99 / 100]
        }
    }

    private static func load(_ clients: [RPCClient], for time: Duration) async -> Load {
        let message = Victim.Message(payload: Array(repeating: 1, count: 200))
        let end = ContinuousClock.now + time
        return await withTaskGroup(of: Load.self) { group in
            for index in 0..<8 {
                group.addTask {
                    var load = Load()
                    while ContinuousClock.now < end {
                        let start = ContinuousClock.now
                        do {
                            let _: Victim.Message = try await clients[index % 2].unary(
                                Victim.say, message)
                            load.latencies.append(ContinuousClock.now - start)
                        } catch {
                            load.failures.append("\(error)")
                        }
                    }
                    return load
                }
            }
            return await group.reduce(into: Load()) {
                $0.latencies += $1.latencies
                $0.failures += $1.failures
            }
        }
    }

    // MARK: The others

    /// Until it is cancelled; how many connections it had.
    private static func abuse(_ server: AbuseServer) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for index in 0..<connections {
                let row = AbusiveConnections.rows[index % AbusiveConnections.rows.count]
                group.addTask { await repeatedly(row, server) }
            }
            return await group.reduce(0, +)
        }
    }

    private static func repeatedly(_ row: AbusiveConnections.Row, _ server: AbuseServer) async
        -> Int
    {
        var count = 0
        while !Task.isCancelled {
            let port = row.isTLS ? server.securePort : server.port
            guard
                let peer = try? await RawPeer(port: port, reads: row.reads, cuts: !row.isTLS)
            else { continue }
            count += 1
            peer.push(row.bytes)
            // Who does not read does not see the end either.
            if row.reads { _ = await peer.untilClosed() } else { await rest(.seconds(1)) }
            await peer.close()
            await rest(.milliseconds(250))
        }
        return count
    }

    private static func rest(_ time: Duration) async { try? await Task.sleep(for: time) }
}
