import Dispatch
import Glibc
import Testing

@testable import ModelCore

@Suite("Urgent work of the registry")
struct UrgentWorkTests {
    private func niceness(_ thread: QuietThread) async -> Int32 {
        await withCheckedContinuation { done in
            thread.async { done.resume(returning: getpriority(Int32(PRIO_PROCESS.rawValue), 0)) }
        }
    }

    @Test("checks of files stand back, what is urgent does not")
    func priority() async {
        let own = getpriority(Int32(PRIO_PROCESS.rawValue), id_t(getpid()))
        #expect(await niceness(QuietThread(isUrgent: true)) == own)
        #expect(await niceness(QuietThread()) == min(own + 10, 19))
    }

    @Test("an alias moves while a file is being checked", .timeLimit(.minutes(1)))
    func moves() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        _ = try await registry.register(TinyModel.registration())
        let isMoved = DispatchSemaphore(value: 0)
        let check = Task { try await registry.work(bytes: 0) { isMoved.wait() } }
        while registry.pendingChecks == 0 { await Task.yield() }
        let alias = try await registry.setAlias(.move("m", to: 1))
        #expect(alias.version == 1)
        isMoved.signal()
        try await check.value
    }
}
