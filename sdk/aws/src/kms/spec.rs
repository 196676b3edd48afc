//! Kinds of keys and what they are used for, in the words of KMS.
use crate::choice::choice;

choice! {
    /// The kind of a key.
    pub enum KeySpec {
        /// A symmetric key of 256 bits: what encrypts buckets, volumes, databases.
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        /// RSA of 2,048 bits, to encrypt or to sign.
        Rsa2048 = "RSA_2048",
        /// RSA of 3,072 bits, to encrypt or to sign.
        Rsa3072 = "RSA_3072",
        /// RSA of 4,096 bits, to encrypt or to sign.
        Rsa4096 = "RSA_4096",
        /// The curve P-256, to sign or to agree on keys.
        EccNistP256 = "ECC_NIST_P256",
        /// The curve P-384, to sign or to agree on keys.
        EccNistP384 = "ECC_NIST_P384",
        /// The curve P-521, to sign or to agree on keys.
        EccNistP521 = "ECC_NIST_P521",
        /// The curve Ed25519, to sign.
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        /// The curve secp256k1, to sign.
        EccSecgP256k1 = "ECC_SECG_P256K1",
        /// HMAC with SHA-224.
        Hmac224 = "HMAC_224",
        /// HMAC with SHA-256.
        Hmac256 = "HMAC_256",
        /// HMAC with SHA-384.
        Hmac384 = "HMAC_384",
        /// HMAC with SHA-512.
        Hmac512 = "HMAC_512",
        /// ML-DSA 44, to sign.
        MlDsa44 = "ML_DSA_44",
        /// ML-DSA 65, to sign.
        MlDsa65 = "ML_DSA_65",
        /// ML-DSA 87, to sign.
        MlDsa87 = "ML_DSA_87",
        /// ML-KEM 512, to agree on keys.
        MlKem512 = "ML_KEM_512",
        /// ML-KEM 768, to agree on keys.
        MlKem768 = "ML_KEM_768",
        /// ML-KEM 1024, to agree on keys.
        MlKem1024 = "ML_KEM_1024",
        /// SM2, in the regions of China.
        Sm2 = "SM2",
    }
}

impl KeySpec {
    /// Whether KMS can renew the material of such a key by itself.
    pub fn rotates(self) -> bool {
        self == Self::SymmetricDefault
    }
}

choice! {
    /// What a key is used for.
    pub enum KeyUsage {
        /// To encrypt and decrypt.
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        /// To sign and to check signatures.
        SignVerify = "SIGN_VERIFY",
        /// To make and check message authentication codes.
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        /// To agree on a secret.
        KeyAgreement = "KEY_AGREEMENT",
        /// To wrap and unwrap a secret.
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
}

#[cfg(all(test, feature = "kms"))]
mod tests {
    use aws_sdk_kms::types;

    use super::*;

    #[test]
    fn every_word_of_the_service_is_known() {
        assert!(types::KeySpec::values().iter().all(|word| KeySpec::of(word).is_some()));
        assert!(types::KeyUsageType::values().iter().all(|word| KeyUsage::of(word).is_some()));
    }
}
