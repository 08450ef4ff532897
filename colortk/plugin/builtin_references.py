"""BibTeX entries of the publications that define the metrics and refiners of colortk."""

from __future__ import annotations

#: Publications that each metric or refiner cites, by their keys in :data:`ENTRIES`.
REFERENCES = {
    "lpips": ("zhang2018unreasonable",),
    "lpips_vgg": ("zhang2018unreasonable",),
    "naturalness": ("mullery2022human",),
    "ms_ssim": ("wang2003multiscale",),
    "ms_ssim_ab": ("wang2003multiscale", "mullery2022human"),
    "cms_ssim": ("hassan2012structural",),
    "delta_e00": ("sharma2005ciede2000",),
    "delta_e00_p95": ("sharma2005ciede2000",),
    "delta_e94": ("cie1995industrial",),
    "delta_e76": ("iso11664part4",),
    "within_jnd": ("mahy1994evaluation",),
    "colorfulness": ("hasler2003measuring",),
    "colorfulness_error": ("hasler2003measuring",),
    "ssim": ("wang2004image",),
    "ab_auc": ("zhang2016colorful",),
    "ab_auc_rebalanced": ("zhang2016colorful",),
    "mean_chrominance_mse": ("acharya2022mean",),
    "frechet_alexnet": ("dowson1982frechet", "heusel2017gans"),
    "fid": ("heusel2017gans",),
    "kid": ("binkowski2018demystifying",),
    "flicker": ("lai2018learning",),
    "slide": ("team2supervised",),
}

ENTRIES = {
    "zhang2018unreasonable": r"""@inproceedings{zhang2018unreasonable,
  author = {Zhang, Richard and Isola, Phillip and Efros, Alexei A. and Shechtman, Eli
            and Wang, Oliver},
  title = {The Unreasonable Effectiveness of Deep Features as a Perceptual Metric},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)},
  pages = {586--595},
  year = {2018},
  doi = {10.1109/CVPR.2018.00068}
}""",
    "mullery2022human": r"""@misc{mullery2022human,
  author = {Mullery, Se{\'a}n and Whelan, Paul F.},
  title = {Human vs Objective Evaluation of Colourisation Performance},
  howpublished = {arXiv:2204.05200},
  year = {2022}
}""",
    "wang2003multiscale": r"""@inproceedings{wang2003multiscale,
  author = {Wang, Zhou and Simoncelli, Eero P. and Bovik, Alan C.},
  title = {Multiscale Structural Similarity for Image Quality Assessment},
  booktitle = {Asilomar Conference on Signals, Systems and Computers},
  volume = {2},
  pages = {1398--1402},
  year = {2003},
  doi = {10.1109/ACSSC.2003.1292216}
}""",
    "wang2004image": r"""@article{wang2004image,
  author = {Wang, Zhou and Bovik, Alan C. and Sheikh, Hamid R. and Simoncelli, Eero P.},
  title = {Image Quality Assessment: From Error Visibility to Structural Similarity},
  journal = {IEEE Transactions on Image Processing},
  volume = {13},
  number = {4},
  pages = {600--612},
  year = {2004},
  doi = {10.1109/TIP.2003.819861}
}""",
    "hassan2012structural": r"""@article{hassan2012structural,
  author = {Hassan, Mohammed and Bhagvati, Chakravarthy},
  title = {Structural Similarity Measure for Color Images},
  journal = {International Journal of Computer Applications},
  volume = {43},
  number = {14},
  pages = {7--12},
  year = {2012},
  doi = {10.5120/6169-8590}
}""",
    "sharma2005ciede2000": r"""@article{sharma2005ciede2000,
  author = {Sharma, Gaurav and Wu, Wencheng and Dalal, Edul N.},
  title = {The {CIEDE2000} Color-Difference Formula: Implementation Notes, Supplementary Test Data,
           and Mathematical Observations},
  journal = {Color Research \& Application},
  volume = {30},
  number = {1},
  pages = {21--30},
  year = {2005},
  doi = {10.1002/col.20070}
}""",
    "cie1995industrial": r"""@techreport{cie1995industrial,
  author = {{Commission Internationale de l'{\'E}clairage}},
  title = {Industrial Colour-Difference Evaluation},
  institution = {CIE},
  number = {CIE 116-1995},
  year = {1995}
}""",
    "iso11664part4": r"""@techreport{iso11664part4,
  author = {{ISO/CIE}},
  title = {Colorimetry -- Part 4: {CIE} 1976 {L*a*b*} Colour Space},
  institution = {International Organization for Standardization},
  number = {ISO/CIE 11664-4:2019},
  year = {2019}
}""",
    "mahy1994evaluation": r"""@article{mahy1994evaluation,
  author = {Mahy, Marc and Van Eycken, Luc and Oosterlinck, Andr{\'e}},
  title = {Evaluation of Uniform Color Spaces Developed after the Adoption of {CIELAB} and
           {CIELUV}},
  journal = {Color Research \& Application},
  volume = {19},
  number = {2},
  pages = {105--121},
  year = {1994}
}""",
    "hasler2003measuring": r"""@inproceedings{hasler2003measuring,
  author = {Hasler, David and S{\"u}sstrunk, Sabine E.},
  title = {Measuring Colorfulness in Natural Images},
  booktitle = {Human Vision and Electronic Imaging VIII},
  series = {Proceedings of SPIE},
  volume = {5007},
  pages = {87--95},
  year = {2003},
  doi = {10.1117/12.477378}
}""",
    "zhang2016colorful": r"""@inproceedings{zhang2016colorful,
  author = {Zhang, Richard and Isola, Phillip and Efros, Alexei A.},
  title = {Colorful Image Colorization},
  booktitle = {European Conference on Computer Vision (ECCV)},
  series = {Lecture Notes in Computer Science},
  volume = {9907},
  pages = {649--666},
  year = {2016},
  doi = {10.1007/978-3-319-46487-9_40}
}""",
    "acharya2022mean": r"""@misc{acharya2022mean,
  author = {Acharya, Chintan K.},
  title = {Mean Chrominance of an Image and Image Colorizer Using Deep Learning},
  howpublished = {CAP 5404, University of Florida},
  year = {2022}
}""",
    "dowson1982frechet": r"""@article{dowson1982frechet,
  author = {Dowson, D. C. and Landau, B. V.},
  title = {The {Fr{\'e}chet} Distance between Multivariate Normal Distributions},
  journal = {Journal of Multivariate Analysis},
  volume = {12},
  number = {3},
  pages = {450--455},
  year = {1982},
  doi = {10.1016/0047-259X(82)90077-X}
}""",
    "heusel2017gans": r"""@inproceedings{heusel2017gans,
  author = {Heusel, Martin and Ramsauer, Hubert and Unterthiner, Thomas and Nessler, Bernhard
            and Hochreiter, Sepp},
  title = {{GANs} Trained by a Two Time-Scale Update Rule Converge to a Local {Nash} Equilibrium},
  booktitle = {Advances in Neural Information Processing Systems (NIPS)},
  volume = {30},
  pages = {6626--6637},
  year = {2017}
}""",
    "binkowski2018demystifying": r"""@inproceedings{binkowski2018demystifying,
  author = {Bi{\'n}kowski, Miko{\l}aj and Sutherland, Danica J. and Arbel, Michael
            and Gretton, Arthur},
  title = {Demystifying {MMD} {GANs}},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year = {2018},
  note = {arXiv:1801.01401}
}""",
    "lai2018learning": r"""@inproceedings{lai2018learning,
  author = {Lai, Wei-Sheng and Huang, Jia-Bin and Wang, Oliver and Shechtman, Eli
            and Yumer, Ersin and Yang, Ming-Hsuan},
  title = {Learning Blind Video Temporal Consistency},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year = {2018},
  doi = {10.1007/978-3-030-01267-0_11}
}""",
    "team2supervised": r"""@misc{team2supervised,
  author = {{Team 2}},
  title = {Supervised Colorization of Grayscale Images Using Deep Neural Networks},
  note = {Guided by Jumana Nahas}
}""",
}


def entries(name: str) -> str:
    """Return the BibTeX entries of a built-in metric or refiner; empty if it has none."""
    return "\n\n".join(ENTRIES[key] for key in REFERENCES.get(name, ()))
