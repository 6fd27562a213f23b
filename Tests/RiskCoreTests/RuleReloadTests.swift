import AssayMessages
import Foundation
import RPC
import Synchronization
import Testing

@testable import RiskCore

@Suite("A folder that is followed")
struct RuleReloadTests {
    @Test("what changes in the folder decides; files with problems change nothing and are named")
    func follow() async throws {
        let desk = try await RuleDesk(start: .followingFolder, approval: false)
        let base = try RuleDesk.shipped()
        let changed = try base.laid(under: [try RuleDesk.velocity(3)])
        guard case .live = try await desk.administrator.follow(changed),
            case .unchanged = try await desk.administrator.follow(changed)
        else {
            Issue.record("expected one change")
            return
        }
        #expect(desk.limit == 3)
        let bad = try base.laid(under: [try RuleDesk.velocity(4, testsAgree: false)])
        guard case .refused(let failure) = try await desk.administrator.follow(bad) else {
            Issue.record("expected a refusal")
            return
        }
        #expect(failure.problems.first?.file == "packs/velocity.yaml")
        #expect(desk.limit == 3)
        #expect(desk.administrator.health.refusals == 1)
        let page = try desk.administrator.list(AssayRiskV1.ListRulesRequest())
        #expect(page.rules.first?.state == "refused")
        #expect(page.rules.first?.text.contains("packs/velocity.yaml:") == true)
        _ = try await desk.administrator.follow(base)
        #expect(desk.limit == 5)
        let healed = try desk.administrator.list(AssayRiskV1.ListRulesRequest(pageSize: 3))
        #expect(healed.rules.map(\.state) == ["live", "live", "live"])
    }

    @Test("a watch takes a change of a file, once it is whole")
    func watch() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "assay-rules-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.copyItem(at: Repository.rules, to: directory)
        let desk = try await RuleDesk(
            try RuleFolder(directory: directory), start: .followingFolder, approval: false)
        let (reports, reported) = AsyncStream.makeStream(of: Bool.self)
        let watch = RuleFolderWatch(directory: directory, administrator: desk.administrator)
        let task = Task {
            await watch.run(
                report: { reported.yield($0 == nil) },
                sleep: { try await Task.sleep(for: .milliseconds(2)) })
        }
        defer { task.cancel() }
        var results = reports.makeAsyncIterator()
        let file = try RuleDesk.velocity(3)
        try Data(file.text.utf8).write(to: directory.appending(path: file.name))
        #expect(await results.next() == true)
        #expect(desk.limit == 3)
        try Data("format: nonsense".utf8).write(to: directory.appending(path: file.name))
        #expect(await results.next() == false)
        #expect(desk.limit == 3)
    }
}
