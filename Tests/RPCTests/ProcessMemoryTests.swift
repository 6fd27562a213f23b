import Synchronization
import Testing

@testable import RPC

@Suite("What a process may hold for its peers")
struct ProcessMemoryTests {
    @Test("the level follows what is used, at 85 and at 95 %")
    func levels() {
        let used = Mutex(0)
        let memory = ProcessMemory(limit: 1_000) { used.withLock(\.self) }
        for (bytes, level) in [
            (849, ProcessMemory.Level.normal), (850, .noStreams), (949, .noStreams),
            (950, .noConnections), (2_000, .noConnections), (0, .normal),
        ] {
            used.withLock { $0 = bytes }
            memory.sample()
            #expect(memory.level == level, "\(bytes)")
        }
    }

    @Test("what comes fast is seen without waiting for the next sample")
    func growth() {
        let used = Mutex(0)
        let memory = ProcessMemory(limit: 64_000) { used.withLock(\.self) }
        memory.sample()
        used.withLock { $0 = 60_000 }
        memory.hold(1_000)
        #expect(memory.level == .normal)
        memory.hold(1)
        #expect(memory.level == .noStreams)
        // What was given back counts from the next sample on.
        used.withLock { $0 = 0 }
        memory.hold(-1_001)
        #expect(memory.level == .noStreams)
        memory.sample()
        #expect(memory.level == .normal)
    }

    @Test("windows are held above a quarter of the limit")
    func full() {
        let memory = ProcessMemory(limit: 4_000) { 0 }
        memory.hold(1_000)
        #expect(!memory.isFull)
        memory.hold(1)
        #expect(memory.isFull)
    }

    @Test("writers wait sooner while memory is short, and as usual afterwards")
    func shortOfMemory() async throws {
        let used = Mutex(900)
        let memory = ProcessMemory(limit: 1_000) { used.withLock(\.self) }
        memory.sample()
        let outbox = MessageOutbox(memory: memory)
        let message = [UInt8](repeating: 1, count: 20 << 10)
        async let written: Void = outbox.write(message, limit: 1 << 20, "reply")
        while outbox.unsent == 0 { await Task.yield() }
        // It waits for what the peer takes, and for no more than it would have otherwise.
        #expect(outbox.take().bytes.count == message.count)
        outbox.sent(5 << 10)
        try await written
        used.withLock { $0 = 0 }
        memory.sample()
        for _ in 0..<10 { try await outbox.write(message, limit: 1 << 20, "reply") }
        #expect(outbox.unsent > 200 << 10)
    }

    @Test("a limit is looked for in every group from the root to the process's own")
    func groups() {
        func files(_ line: String) -> [String] {
            MemoryLimit.limitFiles(
                ofGroup: line.split(separator: ":", omittingEmptySubsequences: false))
        }
        #expect(
            files("0::/system.slice/assay.service") == [
                "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/system.slice/assay.service/memory.max",
            ])
        #expect(files("0::/") == ["/sys/fs/cgroup/memory.max"])
        #expect(
            files("4:cpu,memory:/pod") == [
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/pod/memory.limit_in_bytes",
            ])
        for line in ["", "8:pids:/", "nonsense", "1:2:3:4"] { #expect(files(line).isEmpty) }
    }

    @Test("this process has a limit, and uses less")
    func own() {
        let limit = MemoryLimit.tightest
        #expect(limit.bytes > 0)
        #expect((1..<limit.bytes).contains(limit.used()))
    }
}
