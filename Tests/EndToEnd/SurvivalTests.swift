import Foundation
import TestSupport
import Testing

@Suite("Nothing acknowledged is lost", .serialized, .timeLimit(.minutes(10)))
struct SurvivalTests {
    @Test(
        "a service killed during a replay comes back; every acknowledged decision is in the log",
        arguments: ["assay-features", "assay-models", "assay-risk", "assay-gateway"])
    func killed(service: String) async throws {
        let assay = try await AssayUnderTest()
        let program = try #require(PackageLayout.executable("assay"))
        let load = try ChildProcess(
            program,
            [
                "load", "--payments", "1500", "--warm-up", "0", "--concurrency", "16", "--verify",
                "--data", assay.folder.path, "--root", PackageLayout.root,
            ])
        var killed: Int32 = 0
        for _ in 0..<3 {
            try await Self.pause(.milliseconds(700))
            guard load.isRunning else { break }
            guard let pid = try await assay.serviceProcesses()[service] else { continue }
            kill(pid, SIGKILL)
            killed = pid
        }
        #expect(killed != 0)
        let end = await load.end()
        #expect(end == .exit(0), "\(load.standardOutput)\n\(load.standardError)")
        #expect(load.standardOutput.contains("missing=0"), "\(load.standardOutput)")
        let now = try await assay.serviceProcesses()[service]
        #expect(now != nil && now != killed, "\(service) was not started again")
        #expect(await assay.stop() == .exit(0))
    }

    /// Real time passes here: what is tested is a real process that dies in the middle of real work.
    private static func pause(_ duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }

    @Test("an event that was sent through crashes and retries is counted once")
    func countedOnce() async throws {
        let assay = try await AssayUnderTest()
        let curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        let key = try assay.key("demo")
        let start = Date().addingTimeInterval(-1800)
        for number in 0..<24 {
            if number % 6 == 5 {
                let name = number % 12 == 5 ? "assay-features" : "assay-risk"
                if let pid = try await assay.serviceProcesses()[name] { kill(pid, SIGKILL) }
            }
            let json = Payments.json(
                "once-\(number)", at: Payments.text(start.addingTimeInterval(Double(number))),
                cents: 1000, card: "card-once")
            try await Self.untilDecided(curl, json, key)
            // The same again, as a client would that never saw the reply.
            try await Self.untilDecided(curl, json, key)
        }
        let counts = try await FeatureReader.counts(assay, card: "card-once")
        #expect(counts == 24)
        #expect(await assay.stop() == .exit(0))
    }

    private static func untilDecided(_ curl: Curl, _ json: String, _ key: String) async throws {
        var last: Curl.Reply?
        for _ in 0..<100 {
            let reply = try await curl.post(DecisionTests.transactionMethod, json: json, key: key)
            // A degraded decision stands for its request id, but its event is not recorded.
            if reply.status == 200, reply.body["decision"]?["degraded"]?.items.isEmpty == true {
                return
            }
            last = reply
            try await pause(.milliseconds(100))
        }
        Issue.record("no decision: \(last?.text ?? "")")
    }
}
