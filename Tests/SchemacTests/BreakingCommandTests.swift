import Foundation
import TestSupport
import Testing

/// `breaking`, `describe`, `explain` and `format` as a person runs them.
@Suite("schemac and the past")
struct BreakingCommandTests {
    private static let old =
        "package test.v1\n\nmessage A {\n  one: bool   = 1\n  two: uint32 = 2\n}\n"
    private static let new = "package test.v1\n\nmessage A {\n  one: bool = 1\n}\n"

    /// A schema root, in a git repository that holds the old schema, with the new one on top.
    private struct Repository {
        let url = URL(filePath: NSTemporaryDirectory()).appending(path: UUID().uuidString)
        var root: String { url.appending(path: "schemas").path }

        init() async throws {
            try write("schemas/test/v1/test.schema", BreakingCommandTests.old)
            for arguments in [
                ["init", "--quiet"], ["add", "."],
                [
                    "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit",
                    "--quiet", "--message", "Old",
                ],
            ] {
                let (_, _, errors) = try await ChildProcess.run(
                    "/usr/bin/env", ["git", "-C", url.path] + arguments)
                #expect(errors.isEmpty || errors.contains("hint:"), "\(errors)")
            }
            try write("schemas/test/v1/test.schema", BreakingCommandTests.new)
        }

        @discardableResult
        func write(_ name: String, _ text: String) throws -> String {
            let file = url.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            return file.path
        }

        func remove() { try? FileManager.default.removeItem(at: url) }
    }

    private func schemac(_ arguments: [String]) async throws
        -> (status: Int32, output: String, errors: String)
    {
        let program = try #require(PackageLayout.executable("schemac"), "schemac was not built")
        let (end, output, errors) = try await ChildProcess.run(program, arguments)
        guard case .exit(let status) = end else {
            Issue.record("ended by \(end): \(errors)")
            return (-1, output, errors)
        }
        return (status, output, errors)
    }

    @Test("a revision, a directory and an archived schema are all a past to compare with")
    func baselines() async throws {
        let repository = try await Repository()
        defer { repository.remove() }
        let directory = try repository.write("before/test/v1/test.schema", Self.old)
        let archive = try repository.write("archive.schema", Self.old)
        let folder = String(directory.dropLast("/test/v1/test.schema".count))
        for past in ["git:HEAD", folder, archive] {
            let run = try await schemac(["breaking", "--root", repository.root, "--against", past])
            #expect(run.status == 1, "\(past): \(run.errors)")
            #expect(
                run.output.contains("'two' is gone, and its number 2 is not reserved [WIRE-01]"))
            #expect(run.output.contains("\(past):"))
            #expect(run.output.hasSuffix("1 breaking change compared with \(past)\n"))
        }
        let same = try await schemac(["breaking", "--root", folder, "--against", folder])
        #expect(same.status == 0)
        #expect(same.output == "nothing breaks compared with \(folder)\n")
    }

    @Test("what breaking.allow permits passes until its day")
    func allowances() async throws {
        let repository = try await Repository()
        defer { repository.remove() }
        try repository.write("schemas/breaking.allow", "WIRE-01 test.v1.A.two 2026-12-31 unused\n")
        let arguments = ["breaking", "--root", repository.root, "--against", "git:HEAD", "--today"]
        let held = try await schemac(arguments + ["2026-12-31"])
        #expect(held.status == 0)
        #expect(held.output == "nothing breaks compared with git:HEAD; 1 permitted\n")
        let expired = try await schemac(arguments + ["2027-01-01"])
        #expect(expired.status == 1)
        #expect(expired.output.contains("breaking.allow:1: error: 'WIRE-01 test.v1.A.two' expired"))
    }

    @Test("what cannot be compared with is an error of input that says why")
    func badBaselines() async throws {
        let repository = try await Repository()
        defer { repository.remove() }
        let broken = try repository.write("broken.schema", "package test.v1\nmessage {\n")
        for (past, reason) in [
            ("git:nowhere", "git knows no revision 'nowhere' here"),
            ("git:--help", "names no revision"), ("git:", "names no revision"),
            ("/nowhere/at/all", "there is no '/nowhere/at/all'"), (broken, "do not compile"),
        ] {
            let run = try await schemac(["breaking", "--root", repository.root, "--against", past])
            #expect(run.status == 2, "\(past)")
            #expect(run.errors.contains(reason), "\(run.errors)")
        }
        let outside = NSTemporaryDirectory()
        let stray = URL(filePath: outside).appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: stray) }
        try FileManager.default.createDirectory(
            at: stray.appending(path: "test/v1"), withIntermediateDirectories: true)
        try Data(Self.new.utf8).write(to: stray.appending(path: "test/v1/test.schema"))
        let run = try await schemac(["breaking", "--root", stray.path, "--against", "git:HEAD"])
        #expect(run.status == 2)
        #expect(run.errors.contains("is not in a git repository"))
    }

    @Test("colours are for terminals, or for who asks")
    func colours() async throws {
        let repository = try await Repository()
        defer { repository.remove() }
        let arguments = ["breaking", "--root", repository.root, "--against", "git:HEAD"]
        #expect(!(try await schemac(arguments)).output.contains("\u{1B}"))
        #expect(!(try await schemac(arguments + ["--color", "never"])).output.contains("\u{1B}"))
        let coloured = try await schemac(arguments + ["--color", "always"]).output
        #expect(coloured.contains("\u{1B}[1;31merror:\u{1B}[0m"))
    }

    @Test("explain and describe answer, or guess what was meant")
    func answers() async throws {
        let page = try await schemac(["explain", "wire5"])
        #expect(page.status == 0)
        #expect(page.output.hasPrefix("WIRE-05: presence changed\n"))
        let list = try await schemac(["explain"])
        #expect(list.output.contains("  S0203      duplicate field number\n"))
        let unknown = try await schemac(["explain", "S02O3"])
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("did you mean 'S0203'?"))

        let repository = try await Repository()
        defer { repository.remove() }
        let described = try await schemac(["describe", "--root", repository.root, "A"])
        #expect(described.status == 0)
        #expect(described.output.hasPrefix("message test.v1.A\n"))
        let missing = try await schemac(["describe", "--root", repository.root, "test.v2"])
        #expect(missing.status == 2)
        #expect(missing.errors.contains("did you mean 'test.v1'?"))
    }

    @Test("format tells apart what is in the style and what is not")
    func format() async throws {
        let repository = try await Repository()
        defer { repository.remove() }
        let check = ["format", "--root", repository.root, "--check"]
        #expect(try await schemac(check).status == 0)
        try repository.write(
            "schemas/test/v1/test.schema", "package test.v1\nmessage A{ one:bool=1 }\n")
        let run = try await schemac(check)
        #expect(run.status == 1)
        #expect(run.errors.contains("test/v1/test.schema"))
        #expect(try await schemac(["format", "--root", repository.root]).status == 0)
        #expect(try await schemac(check).status == 0)
    }

    @Test("usage errors and unreadable roots end with status 2")
    func usage() async throws {
        for arguments in [
            ["breaking"], ["check", "--color", "blue"], ["check", "--root", "/nowhere/at/all"],
            ["check", "--root", "/dev/null"], ["describe"], ["nonsense"],
            ["breaking", "--against", "git:HEAD", "--level", "all"],
        ] {
            let run = try await schemac(arguments)
            #expect(run.status == 2, "\(arguments): \(run.errors)")
            #expect(!run.errors.isEmpty)
        }
    }
}
