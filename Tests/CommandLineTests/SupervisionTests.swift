import Testing

@testable import assay

@Suite struct SupervisionTests {
    @Test("pauses double from 100 ms to 5 s and begin anew after a good run")
    func pauses() {
        var policy = RestartPolicy()
        let pauses = (0..<8).map { _ in policy.pause(afterRunning: .seconds(1)) }
        #expect(
            pauses.map { $0 / .milliseconds(1) } == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        #expect(policy.pause(afterRunning: .seconds(30)) == .milliseconds(100))
        for _ in 0..<100 { _ = policy.pause(afterRunning: .zero) }
        #expect(policy.pause(afterRunning: .zero) == .seconds(5))
    }

    @Test("the ready line tells the ports, and no other line does")
    func readyLine() {
        let address = ReadyLine.parse("ready risk rpc=7002 admin=9902")
        #expect(address == ServiceAddress(port: 7002, admin: 9902))
        let others = [
            "", "ready", "ready risk rpc=x admin=1", "ready risk rpc=70000 admin=1",
            "ready risk admin=1 rpc=2", "not ready risk rpc=1 admin=2", "ready risk rpc=-1 admin=2",
        ]
        for line in others { #expect(ReadyLine.parse(line) == nil) }
    }

    @Test("a line that came before or after one waits for it, and a wait can be cancelled")
    func waiting() async throws {
        let early = ReadyLine()
        early.received("ready risk rpc=1 admin=2")
        #expect(try await early.outcome() == .ready(ServiceAddress(port: 1, admin: 2)))
        let late = ReadyLine()
        let waiter = Task { try await late.outcome() }
        late.received("noise")
        late.received("ready risk rpc=3 admin=4")
        late.processEnded(.exited(0))
        #expect(try await waiter.value == .ready(ServiceAddress(port: 3, admin: 4)))
        let never = ReadyLine()
        let cancelled = Task { try await never.outcome() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
    }

    @Test("a process that ends without its line ends the wait")
    func endsFirst() async throws {
        let line = ReadyLine()
        let process = try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", "echo not ready; exit 2"], log: "/dev/null"
        ) { line.received($0) }
        line.processEnded(await process.ended())
        #expect(try await line.outcome() == .ended(.exited(2)))
    }

    @Test("a process's end is known however it came, and its lines are read")
    func childProcess() async throws {
        let lines = LineCollector()
        let echo = try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", "echo one; echo two; exit 3"],
            log: "/dev/null"
        ) { lines.add($0) }
        #expect(await echo.ended() == .exited(3))
        await lines.wait(for: 2)
        #expect(lines.all == ["one", "two"])
        let sleeper = try ChildProcess(
            executable: "/bin/sleep", arguments: ["1000"], log: "/dev/null"
        ) { _ in }
        sleeper.send(9)
        #expect(await sleeper.ended() == .signalled(9))
        #expect(await sleeper.ended() == .signalled(9))
        sleeper.send(9)
        #expect(throws: Complaint.self) {
            try ChildProcess(executable: "/no/such/file", arguments: [], log: "/dev/null") { _ in }
        }
    }
}
