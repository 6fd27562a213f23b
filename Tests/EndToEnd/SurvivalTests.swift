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
        var now = try await assay.serviceProcesses()[service]
        for _ in 0..<100 where now == nil || now == killed {
            try await Self.pause(.milliseconds(100))
            now = try await assay.serviceProcesses()[service]
        }
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
        let features = try FeatureClient(assay)
        let start = Int64(Date().timeIntervalSince1970) - 1800
        for number in 0..<60 {
            if number % 12 == 5, let pid = try await assay.serviceProcesses()["assay-features"] {
                kill(pid, SIGKILL)
            }
            // Twice, as a caller would that never saw the first reply.
            for _ in 0..<2 {
                try await features.record(
                    "once-\(number)", card: "card-once", at: start + Int64(number))
            }
        }
        #expect(try await features.payments(card: "card-once") == 60)
        await features.close()
        #expect(await assay.stop() == .exit(0))
    }
}
