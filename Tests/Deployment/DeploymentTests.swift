import TestSupport
import Testing

@Suite("Deployment")
struct DeploymentTests {
    @Test("manifests, compose file and image are valid and fit the programs")
    func validates() async throws {
        let programs = PackageLayout.executable("assay-risk").map {
            String($0.dropLast("/assay-risk".count))
        }
        let result = try await ChildProcess.run(
            "\(PackageLayout.root)/Tests/Deployment/validate.sh",
            environment: programs.map { ["PROGRAMS": $0] } ?? [:])
        if result.end == .exit(77) {
            print("Deployment: \(result.errors)")
            return
        }
        #expect(result.end == .exit(0), "\(result.errors)")
    }
}
