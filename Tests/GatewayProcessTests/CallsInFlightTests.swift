import Foundation
import GatewayCore
import RPC
import RPCTransport
import TestSupport
import Testing

@Suite("Calls in flight, and logs that cannot be written", .serialized, .timeLimit(.minutes(5)))
struct CallsInFlightTests {
    private static let inFlight = "assay_gateway_in_flight"

    @Test("G15: clients vanish mid-call, half of the calls, and every count returns to 0")
    func vanishing() async throws {
        let service = try await StandInServer(patience: .milliseconds(300))
        let files = GatewayFiles(upstreamPort: service.port, concurrency: 40)
        let gateway = try await GatewayUnderTest(files.all([GatewayFiles.entry(1)]))
        let key = GatewayFiles.key(1)
        for _ in 0..<3 {
            let staying = try gateway.client()
            let leaving = try gateway.client()
            let calls = (0..<40).map { number in
                Task { await SteadyCallers.call(number % 2 == 0 ? staying : leaving, key: key) }
            }
            try await gateway.wait(for: Self.inFlight) { $0 >= 30 }
            // Some cancel, the others' connections end.
            for number in 0..<40 where number % 4 == 1 { calls[number].cancel() }
            await leaving.close()
            for (number, call) in calls.enumerated() where number % 2 == 0 {
                let status = await call.value
                #expect(status == "0")
            }
            for call in calls { _ = await call.value }
            try await gateway.wait(for: Self.inFlight) { $0 == 0 }
            await staying.close()
        }
        // All places are free again: as many as ever fit, and not one more.
        let client = try gateway.client()
        let calls = (0..<60).map { _ in Task { await SteadyCallers.call(client, key: key) } }
        var statuses: [String: Int] = [:]
        for call in calls { statuses[await call.value, default: 0] += 1 }
        #expect(statuses == ["0": 40, "8 CONCURRENCY": 20], "\(statuses)")
        try await gateway.wait(for: Self.inFlight) { $0 == 0 }
        await client.close()
        await gateway.stop()
        await service.stop()
    }

    @Test("G15: on a full disk methods marked audit: required are refused, others served")
    func fullDisk() async throws {
        let service = try await StandInServer()
        let name = GatewayUnderTest.method.name
        let files = GatewayFiles(
            upstreamPort: service.port, further: "logs: { access: /dev/full }",
            settings: ", methods: { \(name): { audit: required } }")
        let gateway = try await GatewayUnderTest(files.all([GatewayFiles.entry(1)]))
        let client = try gateway.client()
        let key = GatewayFiles.key(1)
        var status = ""
        let end = ContinuousClock.now + .seconds(20)
        while status != "14 AUDIT_UNAVAILABLE", ContinuousClock.now < end {
            status = await SteadyCallers.call(client, key: key)
        }
        #expect(status == "14 AUDIT_UNAVAILABLE")
        let other = try #require(
            GatewayUnderTest.otherMethod, "the service has another method with the same scope")
        #expect(await SteadyCallers.call(client, key: key, method: other) == "0")
        #expect(try await gateway.metric("assay_gateway_log_writable{log=\"access\"}") == 0)
        #expect(try await gateway.metric("assay_gateway_log_writable{log=\"security\"}") == 1)
        await client.close()
        await gateway.stop()
        await service.stop()
    }
}
