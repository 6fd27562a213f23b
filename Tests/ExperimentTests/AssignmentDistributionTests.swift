import AssignmentProperties
import Testing

@Suite struct AssignmentDistributionTests {
    @Test("a sample of units has the properties that `make assignment` checks over a million")
    func sample() throws {
        let findings = try AssignmentProperties(units: 20_000).findings()
        #expect(findings.count == 12)
        for finding in findings {
            #expect(finding.holds, "\(finding.name): \(finding.detail)")
        }
    }
}
