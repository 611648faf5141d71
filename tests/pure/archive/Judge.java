// Judges evidence, signatures and time-stamps with Bouncy Castle. Questions come on standard input, one a line, tab between:
//   ers RECORD FILE…      is the evidence record good for the group of these files?
//   cms SIGNATURE FILE    is the detached signature good for the file?
//   tst TOKEN FILE        is the time-stamp good for the file?
// The answer is a line: "ok" with what was found, or "no" with the reason.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampToken;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSData;
import org.bouncycastle.tsp.ers.ERSDataGroup;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;

public class Judge {
    private static final DigestCalculatorProvider DIGESTS = digests();

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String answer;
            try {
                answer = "ok " + judge(line.split("\t"));
            } catch (Exception refusal) {
                answer = "no " + refusal;
            }
            System.out.println(answer.replace('\n', ' '));
        }
    }

    private static String judge(String[] question) throws Exception {
        byte[] proof = read(question[1]);
        switch (question[0]) {
            case "ers":
                return evidence(proof, Arrays.copyOfRange(question, 2, question.length));
            case "cms":
                return signature(proof, read(question[2]));
            case "tst":
                return stamp(proof, read(question[2]));
            default:
                throw new IllegalArgumentException(question[0]);
        }
    }

    private static String evidence(byte[] proof, String[] files) throws Exception {
        List<ERSData> objects = new ArrayList<>();
        for (String file : files) {
            objects.add(new ERSByteData(read(file)));
        }
        ERSEvidenceRecord record = new ERSEvidenceRecord(proof, DIGESTS);
        record.validatePresent(
            objects.size() == 1 ? objects.get(0) : new ERSDataGroup(objects), new Date());
        record.validate(verifier(record.getSigningCertificate()));
        return record.getSigningCertificate().getSubject().toString();
    }

    private static String signature(byte[] proof, byte[] content) throws Exception {
        CMSSignedData data = new CMSSignedData(new CMSProcessableByteArray(content), proof);
        SignerInformation signer = data.getSignerInfos().iterator().next();
        X509CertificateHolder holder =
            (X509CertificateHolder) data.getCertificates().getMatches(signer.getSID()).iterator().next();
        if (!signer.verify(verifier(holder))) {
            throw new IllegalStateException("the signature is wrong");
        }
        return holder.getSubject().toString();
    }

    private static String stamp(byte[] proof, byte[] content) throws Exception {
        TimeStampToken token = new TimeStampToken(ContentInfo.getInstance(proof));
        X509CertificateHolder holder =
            (X509CertificateHolder) token.getCertificates().getMatches(token.getSID()).iterator().next();
        token.validate(verifier(holder));
        DigestCalculator digest = DIGESTS.get(token.getTimeStampInfo().getHashAlgorithm());
        digest.getOutputStream().write(content);
        if (!Arrays.equals(digest.getDigest(), token.getTimeStampInfo().getMessageImprintDigest())) {
            throw new IllegalStateException("the time-stamp is for something else");
        }
        return token.getTimeStampInfo().getGenTime().toInstant().toString();
    }

    private static SignerInformationVerifier verifier(X509CertificateHolder holder) throws Exception {
        return new JcaSimpleSignerInfoVerifierBuilder().build(holder);
    }

    private static byte[] read(String file) throws Exception {
        return Files.readAllBytes(Path.of(file));
    }

    private static DigestCalculatorProvider digests() {
        try {
            return new JcaDigestCalculatorProviderBuilder().build();
        } catch (Exception impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }
}
