import Foundation
import RPC
import RPCTransport
import TestSupport
import Testing

/// `make rolling-restart ROUNDS=3` runs it in full, with optimised programs and every deadline kept;
/// CALLERS says how many callers of each kind there are.
@Suite("Members that are restarted one by one", .serialized, .timeLimit(.minutes(30)))
struct RollingRestartTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let rounds = environment["ASSAY_ROLLING_ROUNDS"].flatMap { Int($0) }
    private static let callers =
        environment["ASSAY_ROLLING_CALLERS"].flatMap { Int($0) } ?? (rounds == nil ? 2 : 6)
    private static let isStrict = environment["ASSAY_STRICT_TIMES"] != nil

    /// Without a number of rounds: one of each service, and the second gateway, which its clients
    /// need most.
    private var order: [RollingDeployment.Member] {
        let all = RollingDeployment.whole
        guard let rounds = Self.rounds else {
            return all.filter { $0.number == 1 } + all.suffix(1)
        }
        return (0..<rounds).flatMap { _ in all }
    }

    @Test("every service and the gateway are restarted under load, and no call fails")
    func restarts() async throws {
        // As long as connections that were refused may wait before they are tried again.
        let deployment = try await RollingDeployment(endpointDelay: 2)
        let client = try deployment.client()
        let load = RollingLoad(client, callers: Self.callers)
        let foreign = try ForeignLoad(deployment)
        try await progress(load, by: Self.rounds == nil ? 100 : 10_000)
        let calm = load.seen
        let began = ContinuousClock.now
        for member in order {
            try await deployment.restart(member)
            try await progress(load)
        }
        let outcome = await load.stop()
        let rate = Double(outcome.answered - calm.answered) / ((.now - began) / Duration.seconds(1))
        let troubles = Comment(rawValue: "\(outcome)\n\(deployment.troubles())")
        #expect(outcome.failed == 0, troubles)
        // Processes that start take the machine's time from those that serve.
        if Self.isStrict { #expect(outcome.late * 1_000 <= outcome.answered, troubles) }
        print(
            "\(order.count) restarts, \(outcome.answered) calls answered, \(Int(rate)) a second, "
                + "\(outcome.failed) failed, \(outcome.late) payments after their 50 ms; "
                + "before the first restart \(calm.answered) answered, \(calm.late) late")
        if let foreign {
            let theirs = try await foreign.stop()
            #expect(theirs.failures.isEmpty, "\(theirs)")
            #expect(theirs.answered > 0)
            print("by grpcio: \(theirs.answered) calls answered")
        }
        await client.close()
        await deployment.stop()
    }

    @Test(
        "G11: a service is killed under load: what may be repeated is, elsewhere, and no call fails"
    )
    func killed() async throws {
        let members = RollingDeployment.whole.filter {
            $0.service == "models" || $0.service == "gateway" && $0.number == 1
        }
        let deployment = try await RollingDeployment(members, endpointDelay: 0)
        let client = try deployment.client()
        let load = RollingLoad(client, callers: 8, lanes: [RollingLoad.look])
        for member in members where member.service == "models" {
            try await progress(load)
            try await deployment.kill(member)
            try await progress(load)
            try await deployment.revive(member)
            // Both are there again before the other one goes.
            try await deployment.waitForEndpoints(
                4, of: "models", at: RollingDeployment.Member(service: "gateway", number: 1))
        }
        let outcome = await load.stop()
        #expect(outcome.failed == 0, "\(outcome)\n\(deployment.troubles())")
        await client.close()
        await deployment.stop()
    }

    /// Until further calls were answered.
    private func progress(_ load: RollingLoad, by count: Int = 100) async throws {
        let goal = load.seen.answered + count
        let end = ContinuousClock.now + .seconds(120)
        while load.seen.answered < goal, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(load.seen.answered >= goal, "the callers do not get on")
    }
}

/// The same from Python, by grpcio.
private struct ForeignLoad {
    struct Outcome: Decodable {
        var answered: Int
        var failures: [String: Int]
    }

    private let process: ChildProcess

    /// Nil where the virtual environment of `make test` is missing.
    init?(_ deployment: RollingDeployment) throws {
        let interpreter = "\(PackageLayout.root)/.venv/bin/python"
        guard FileManager.default.isExecutableFile(atPath: interpreter) else { return nil }
        // Those whose request may be the same each time.
        let calls = RollingLoad.all.filter { !$0.isTight }.map { lane in
            let message = lane.body(0).dropFirst(5)
            return "\(lane.path)="
                + message.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        process = try ChildProcess(
            interpreter,
            [
                "\(PackageLayout.root)/Tests/GatewayProcessTests/Rolling/foreign_load.py",
                deployment.addresses(of: "gateway"), "\(deployment.folder.path)/ca.pem",
                RollingDeployment.key.text,
            ] + calls)
    }

    func stop() async throws -> Outcome {
        process.terminate()
        let end = await process.end()
        let line = try #require(
            process.standardOutput.split(separator: "\n").last { $0.hasPrefix("{") },
            "\(end) \(process.standardError.suffix(2000))")
        return try JSONDecoder().decode(Outcome.self, from: Data(line.utf8))
    }
}
