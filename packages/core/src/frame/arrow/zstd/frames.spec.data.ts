/** The text below, compressed at two levels by the zstd library (through pyarrow 26.0.1). */
export const ZSTD_TEXT = (): string =>
  Array.from({ length: 400 }, (_, i) => `${(i * 7919) % 1000} words of ${i % 13}, `).join('');

export const ZSTD_LEVEL_1 = (): Buffer =>
  Buffer.from(
    'KLUv/WArGAUkANpKvAgUoKWgOQB9GL//v0dLS0s7I+q/qQGIAIQAfQB5sy5S3BO5FuYWziWjO1RXxG6EuwHvShjeqIyRmAw6qRqbC8zKs2AX' +
      'JHnjhsCbFhdJ7slcC3QL6dLVnbIrczcCb0i8Epc36oaYuBlyMeUezjWjW1SXxO6Eu4J3w/AGyishN0LcECHjZpxclJp7M3SNom5V1iU7u3N1' +
      'V3DwRkbeMMBgAUHAYOAQFbG5oBthdpPuouC9kNfy1qW4I1fmxtxAV6JuhN1wN+8i3strt+KOXBmhEQp2w93Ei3nv2q24JHfmCt2gG+pK2I24' +
      'G/BmyIuY9+waxS2RS2Hu4FwxukF1g9iViLuRd0Mc3qykqbCMO8GanCARBG3siCRvXkS0SJIwEZI0V1RWE3gj8Ya4Nbtll+4OXskbN+SVwLgR' +
      'csPcpIt1r67ZrbuEd/JK3rghZuaGuUkX655du1t4Ce/klRtxg1yJuYFu1kW7l3bt7lbhpSs34gbJoRvqZl20e3TXBG+FvJR3rsQNuWGuxNwI' +
      'uqFu2sW7d9fwVl66IzdMUd1gN+3i3cNreevSnTghhNckb106Q0oJMkVTgXc5IWSsxMIhWsgcVY1F4WWFuEZWZHIBMS2E4MW8d03uzBUKEplw' +
      'N+DNvHgvrtGVoqzDG/JmhsgQQmYoxO4KJyPEEEkFQ6SUEDJFkzci77ByAlpSCJkzvKwwSFZkcgExLcSNiBvk5lyce3Stbtmlu4NX8EYancgN' +
      'cnMu0r06gcuoAZ1mHq93sYYSnYgPEVAUIiiY7NQDX4+W/BE6M+J/dZ0+CAFV2j3tQ9msLzCh6zQ0rKXSzHdJMFxUZdbxKVBSJDmO4J18q1GC' +
      'n3q9timpq33V5Kt2coOj/Dd19sJTLi6serUUpWJiKN2lNACrlxE/JQSFp2B3KVu5Q0VZDSXKk1EehlrknW677abbroTKFTH1+EuZ2ijje/yF' +
      'iFTZT77iRDJ9vG/hRb4eZeGTFOpVDicoDXCmmUaa0SQrzB+v9ybQTLOIsrH6fiDVtir2eu3rYpilVT2+aui7UWntnETTJg9Okk8uUBjEUJ5t' +
      'MKrYSRpt8uBk+aQChQeUwE/+YyrhT7qsk48nWSgXEOV2mMniyWIneU+GRKuiJikMk2eTpZMCVuDJ2kmcffIhCSq0W26ygTB5bdLy+XISSdsx' +
      'djJ8UmehPIpVxU7S0CZPJwMxZEnoJN3kbiwn8U3KTHrIJU8mCU0u6ORjk+iEZl5OQnKpLSaVzZKTSWaThJPFTfKcTMQngy+lKt/JokkyXrMD' +
      'UBBEQ5NUJpdYHTSJZFK4pEsqeVhSUpgMB15Ik42FnTYlL6mtSg5LcjziOWlCbRA/aTlJbpLPZBcjRFKSJVyUieUwDpilU6SCRv9FBUfUDrWg' +
      'xCvPxWHuTLUCQQolRyKv+R08L04DcBVLyvoIX5TmCLqUlInlMA7jllk6RSoYHbeXghKv/HxwmsNTXRFqKFcEi9TjeZ7nOd6cUvIkrHMEiyTB' +
      'JEiCZDjyUg6OFFfDP/zhH77hD//whz8O/xmcKg==',
    'base64',
  );

export const ZSTD_LEVEL_19 = (): Buffer =>
  Buffer.from(
    'KLUv/WArGB0WAKpApAcTwKXQAcBYbus/uFKmJJNMnKzg4H0AcQBxALWfNFISXJAsfjv0ibwqQzZW5dPxiPcietVER4aQ1J2aD6KXKaYmnNR6' +
      'zojlo5q6w1/JIKXx3JOiqPHZmCJr0bw8F1oVg2QuK2wM3aa3woBjGCwWBrGohUHtDAPiSBhcpGHgbqYmDOo7DOTzMCAJhcFqFQYRAgQCAcCA' +
      'QEGIK/OXocrM9Y+GJcEFacRuh45TkasL2Vgib2dGvNfpVFPRkSHEWqbmg8jlx9CEk+o3Q8tH1fqEvZISpRq7J0WRxLsZiqz1OXkutKoFcRZW' +
      '2Biy/ZeIFbWPQ5Fuqv58TFKLGBUtLSdMcpc6xdjqPMlUZea7SZVibDW8ZV6ZueqnWUlwQap42qHjROSqhmwsyqXTEe9l+msoOjKEVnNqPoim' +
      '7JhPOKnqZ2b5qKTe8KykRInG5Z4URYzLphRZy/N76EKrCtpMVtgYGtvviRVRtXMm0k2J38+Q1CJGRJe0nDDxFmqLsWT60tJ0j8pibFV+ZFyZ' +
      'uegvmpLggiTitkPH6WSqVsjGmpwdGfFeQ3fNoyOF6k3NB1HLE+MJJ0V9zVg+KtYl3JWUKH1M7klRtDg3QpG1Zm7PL7SqCprHChtDtec1sSKK' +
      '9uKIdFP05VOSWsToNEnLCVOBkKghCJ6n0L4BcXNZ5iEEOwgCtw8yGDHNQkWsI2jajp3SFj8nkchZIs66WdMJRlPXNyJT56hgnYfnd1fRRPXs' +
      'uCpN9vjG1SuLoCA/a6GgkVQgNdOwUry4hA5IQVXqdxkvbuhbJFJaRtakBFbQ7jFencADm45MTw3xEHOWmaebxwMuIkmh9E3eYow/xTdKVk7Z' +
      'ao9cJ0y35Ckkw98pajXM472tMfUTpVmbnxU1eO0Y/SZTRRVLgQNVKicXoby8qqh7QJHYf/3rX//aOoDV/va3P2//Y/1V',
    'base64',
  );
