import Foundation
import GatewayCore
import NIOPosix
import RPC
import RPCTransport
import TestSupport
import Testing

/// What a real gateway makes of services that do not do their part.
@Suite("Services that fail behind a gateway", .serialized, .timeLimit(.minutes(5)))
struct UpstreamFaultTests {
    private static let key = GatewayFiles.key(1)

    /// The status of a call, and how long it took.
    private func timed(
        _ client: RPCClient, method: MethodDescriptor = GatewayUnderTest.method
    ) async -> (status: String, took: Duration) {
        let began = ContinuousClock.now
        let status = await SteadyCallers.call(client, key: Self.key, method: method)
        return (status, ContinuousClock.now - began)
    }

    private func gateway(_ files: GatewayFiles) async throws -> GatewayUnderTest {
        try await GatewayUnderTest(files.all([GatewayFiles.entry(1)]))
    }

    @Test("G11: all down: 14 long before a connection could time out")
    func allDown() async throws {
        let ports = [try FreePort.find(), try FreePort.find()]
        var files = GatewayFiles(upstreamPort: 0)
        files.target = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
        files.upstream = ", timeouts: { connect: 20s }"
        let gateway = try await gateway(files)
        let client = try gateway.client()
        for _ in 0..<20 {
            let call = await timed(client)
            #expect(call.status == "14 NO_ENDPOINT")
            #expect(call.took < .seconds(10))
        }
        #expect(try await gateway.metric("assay_gateway_in_flight") == 0)
        await client.close()
        await gateway.stop()
    }

    @Test(
        "G11: a service that takes connections and says nothing: nobody waits for it, until it speaks"
    )
    func silent() async throws {
        let service = try await StandInServer()
        let proxy = try await FaultyProxy.start(
            to: service.port, group: MultiThreadedEventLoopGroup.singleton)
        proxy.set(.blackhole)
        var files = GatewayFiles(upstreamPort: proxy.port)
        files.upstream = ", timeouts: { connect: 10s }"
        let gateway = try await gateway(files)
        let client = try gateway.client()
        // The first attempt to connect has failed before the gateway was ready. In its pause, and while
        // the next one is under way, calls are refused at once.
        let end = ContinuousClock.now + .seconds(120)
        for _ in 0..<40 {
            let call = await timed(client)
            #expect(call.status == "14 NO_ENDPOINT")
            #expect(call.took < .seconds(5))
            try await Task.sleep(for: .milliseconds(20))
        }
        // It speaks again, and is found again.
        proxy.set(.fair)
        var status = ""
        while status != "0", ContinuousClock.now < end { status = await timed(client).status }
        #expect(status == "0")
        await client.close()
        await gateway.stop()
        await proxy.close()
        await service.stop()
    }

    @Test(
        "a gateway is not ready before what it needs was reached, and stays ready when that is lost"
    )
    func required() async throws {
        let service = try await StandInServer()
        let proxy = try await FaultyProxy.start(
            to: service.port, group: MultiThreadedEventLoopGroup.singleton)
        proxy.set(.blackhole)
        var files = GatewayFiles(upstreamPort: proxy.port)
        files.upstream = ", required: true, timeouts: { connect: 500ms }"
        let gateway = try await gateway(files)
        let end = ContinuousClock.now + .seconds(60)
        var page = ""
        while !page.contains("upstreams: not reached yet: all"), ContinuousClock.now < end {
            page = try await gateway.page("/readyz")
            #expect(page.contains("upstreams: "), "\(page)")
        }
        // Nobody calls it, and still it finds the service.
        proxy.set(.fair)
        while page != "ready\n", ContinuousClock.now < end {
            page = try await gateway.page("/readyz")
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(page == "ready\n")
        await proxy.close()
        await service.stop()
        let client = try gateway.client()
        #expect(await timed(client).status != "0")
        #expect(try await gateway.page("/readyz") == "ready\n")
        await client.close()
        await gateway.stop()
    }

    @Test("in flight to an upstream are as many calls as it says: one more is CIRCUIT_OPEN")
    func inFlight() async throws {
        let service = try await StandInServer(patience: .seconds(2))
        var files = GatewayFiles(upstreamPort: service.port)
        files.upstream = ", in_flight: 16"
        let gateway = try await gateway(files)
        let client = try gateway.client()
        for _ in 0..<2 {
            let calls = (0..<40).map { _ in Task { await timed(client).status } }
            var statuses: [String: Int] = [:]
            for call in calls { statuses[await call.value, default: 0] += 1 }
            #expect(statuses == ["0": 16, "14 CIRCUIT_OPEN": 24], "\(statuses)")
        }
        await client.close()
        await gateway.stop()
        await service.stop()
    }

    @Test("G11: a slow service: the client's deadline is kept, and nothing is left over")
    func slow() async throws {
        let service = try await StandInServer(patience: .seconds(60))
        let gateway = try await gateway(GatewayFiles(upstreamPort: service.port))
        let client = try gateway.client()
        let request = RawRequest(
            target: GatewayUnderTest.method.path,
            headers: ["content-type": "application/grpc", "x-api-key": Self.key.text],
            body: [0, 0, 0, 0, 0])
        for _ in 0..<3 {
            let began = ContinuousClock.now
            // The gateway says it, or the client has noticed by itself.
            let code: StatusCode?
            do {
                let reply = try await client.forward(
                    request, deadline: Deadline(ProcessClock.now + .milliseconds(300)))
                code = RPCError(trailers: reply.trailers ?? reply.headers)?.code
            } catch let error as RPCError {
                code = error.code
            }
            #expect(code == .deadlineExceeded)
            #expect(ContinuousClock.now - began < .seconds(10))
        }
        #expect(service.service.count == 3, "nothing is repeated after its deadline")
        try await gateway.wait(for: "assay_gateway_in_flight") { $0 == 0 }
        await client.close()
        await gateway.stop()
        await service.stop()
    }

    @Test("names: endpoints of dns:/// are found; one that is nowhere is an error with its name")
    func names() async throws {
        let service = try await StandInServer()
        var files = GatewayFiles(upstreamPort: 0)
        files.target = "dns:///localhost:\(service.port)"
        let gateway = try await gateway(files)
        let client = try gateway.client()
        #expect(await timed(client).status == "0")
        await client.close()
        await gateway.stop()
        await service.stop()
    }

    @Test("targets that cannot be: the file, the line and why; without TLS loopback alone")
    func targets() async throws {
        let program = try #require(PackageLayout.executable("assay-gateway"))
        let cases = [
            ("dns:///no-port", true, "dns:/// is followed by host:port"),
            ("http://127.0.0.1:80", true, "the schemes are dns, static, file and unix"),
            ("127.0.0.1", true, "is not host:port"),
            ("dns:///assay-risk:7002", false, "--insecure reaches loopback addresses only"),
            ("10.0.0.7:7002", false, "--insecure reaches loopback addresses only"),
        ]
        for (target, isChecked, complaint) in cases {
            let folder = try TemporaryDirectory()
            var files = GatewayFiles(upstreamPort: 0)
            files.target = target
            for (name, text) in files.all([GatewayFiles.entry(1)]) {
                try GatewayUnderTest.write(text, to: "\(folder.path)/\(name)")
            }
            let config = "\(folder.path)/gateway.yaml"
            let ended = try await ChildProcess.run(
                program, ["--insecure", "--config", config] + (isChecked ? ["--check"] : []))
            #expect(ended.end == .exit(1), "\(target): \(ended)")
            let said = ended.output + ended.errors
            #expect(said.contains(complaint), "\(target): \(said)")
            if isChecked { #expect(said.contains("gateway.yaml:"), "\(said)") }
        }
    }
}
